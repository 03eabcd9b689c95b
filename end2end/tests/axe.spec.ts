// axe finds nothing, in any state, light or dark, wide or narrow, or in forced colours.
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './product.ts';
import { STATES } from './states.ts';

const findings = async (page: Page) => {
  // Entrance motion blends colours.
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined))));
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze();
  return violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.target.join(' ')).join(' | ')}`);
};

test.describe('a school of 60', () => {
  test.use({ district: { accounts: 400, sessions: 60 } });
  for (const look of [
    { name: 'light', colorScheme: 'light', width: 1280 },
    { name: 'dark', colorScheme: 'dark', width: 1280 },
    { name: '400 px', colorScheme: 'light', width: 400 },
    { name: 'forced colours', colorScheme: 'dark', width: 1280, forced: true },
  ] as const) {
    test(look.name, async ({ loggedIn, complaints }) => {
      test.setTimeout(180_000);
      const page = await loggedIn('admin01');
      await page.setViewportSize({ width: look.width, height: 720 });
      await page.emulateMedia({ colorScheme: look.colorScheme, forcedColors: 'forced' in look ? 'active' : 'none', reducedMotion: 'reduce' });
      for (const state of STATES) {
        await page.unrouteAll({ behavior: 'ignoreErrors' });
        await state.reach(page);
        if (state.status) await complaints.expectStatus(state.status);
        expect.soft(await findings(page), state.name).toEqual([]);
      }
    });
  }
});

test('the only one logged in, a log-in that failed, and a page that is refused', async ({ loggedIn, person, complaints }) => {
  const admin = await loggedIn('admin01');
  await admin.locator('html[data-hydrated]').waitFor();
  await expect(admin.getByText('You are the only one logged in.')).toBeVisible();
  expect(await findings(admin)).toEqual([]);
  const stranger = await person('stranger');
  await stranger.goto('/sign-in');
  expect(await findings(stranger)).toEqual([]);
  await stranger.getByLabel('User Name').fill('natetest');
  await stranger.getByLabel('Password').fill('wrong');
  await stranger.getByRole('button', { name: 'Log in', exact: true }).click();
  await expect(stranger.getByRole('alert')).toBeVisible();
  await complaints.expectStatus(401);
  expect(await findings(stranger)).toEqual([]);
  const teacher = await loggedIn('natetest');
  await teacher.goto('/sessions');
  await complaints.expectStatus(403);
  expect(await findings(teacher)).toEqual([]);
});

test.describe('5,000 users', () => {
  test.use({ district: { accounts: 8000, sessions: 7000 } });

  test('a full list', async ({ loggedIn }) => {
    const page = await loggedIn('admin01');
    await page.locator('html[data-hydrated]').waitFor();
    await expect(page.getByRole('checkbox', { name: /^Select (?!all)/ })).toHaveCount(200);
    expect(await findings(page)).toEqual([]);
  });
});
