// axe finds nothing, in any state, light or dark, wide or narrow, or in forced colours.
import type { Page } from '@playwright/test';
import { choose } from './list.ts';
import { expect, hydrated, logIn, test } from './product.ts';
import { STATES, violations } from './states.ts';

type Look = { name: string; colorScheme: 'light' | 'dark'; width: number; forced?: boolean };
const LOOKS: Look[] = [
  { name: 'light', colorScheme: 'light', width: 1280 },
  { name: 'dark', colorScheme: 'dark', width: 1280 },
  { name: 'forced colours', colorScheme: 'dark', width: 1280, forced: true },
  { name: '400 px', colorScheme: 'light', width: 400 },
];

/** What axe finds where the page stands in a look. */
const findings = async (page: Page, { colorScheme, width, forced }: Look) => {
  await page.setViewportSize({ width, height: 720 });
  await page.emulateMedia({ colorScheme, forcedColors: forced ? 'active' : 'none', reducedMotion: 'reduce' });
  // Entrance motion blends colours.
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined))));
  return (await violations(page)).map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.target.join(' ')).join(' | ')}`);
};

const findNothing = async (page: Page, name: string, looks = LOOKS) => {
  for (const look of looks) expect.soft(await findings(page, look), `${name}, ${look.name}`).toEqual([]);
};

test.describe('a school of 60', () => {
  test.use({ district: { accounts: 400, sessions: 60 } });
  // In parts: each state is judged in several looks by every rule, which takes its time.
  const parts = [[1280, 4], [400, 2]].flatMap(([width, number]) => Array.from({ length: number! }, (_, part) => {
    const at = (share: number) => Math.floor((STATES.length * share) / number!);
    return { width: width!, name: `the states at ${width} px, part ${part + 1} of ${number}`, states: STATES.slice(at(part), at(part + 1)) };
  }));
  for (const { width, name, states } of parts) {
    test(name, async ({ loggedIn, complaints }) => {
      test.setTimeout(400_000);
      const page = await loggedIn('admin01');
      await page.emulateMedia({ reducedMotion: 'reduce' });
      for (const state of states) {
        await page.unrouteAll({ behavior: 'ignoreErrors' });
        await page.setViewportSize({ width, height: 720 });
        await state.reach(page);
        if (state.status) await complaints.expectStatusAgain(state.status);
        await findNothing(page, state.name, LOOKS.filter((look) => look.width === width));
      }
    });
  }
});

test('the only one logged in, a log-in that failed, and a page that is refused', async ({ loggedIn, person, complaints }) => {
  const admin = await loggedIn('admin01');
  await hydrated(admin);
  await expect(admin.getByText('You are the only one logged in.')).toBeVisible();
  await findNothing(admin, 'the only one');
  const stranger = await person('stranger');
  await stranger.goto('/sign-in');
  await findNothing(stranger, 'log-in');
  await logIn(stranger, 'natetest', 'wrong');
  await expect(stranger.getByRole('alert')).toBeVisible();
  await complaints.expectStatus(401);
  await findNothing(stranger, 'log-in that failed');
  const teacher = await loggedIn('natetest');
  await teacher.goto('/sessions');
  await complaints.expectStatus(403);
  await findNothing(teacher, '403');
});

test.describe('5,000 users', () => {
  test.use({ district: { accounts: 8000, sessions: 7000 } });

  test('a full list, and the dialog that names administrators and asks for the number', async ({ loggedIn }) => {
    test.setTimeout(180_000);
    const page = await loggedIn('admin01');
    await hydrated(page);
    await expect(page.getByText(/^[5-9],\d{3} users/)).toBeVisible();
    await findNothing(page, 'a full list');
    // The active row is out of sight, and still in the page.
    await page.locator('tr[data-id] th').first().focus();
    await page.locator('.list-scroll').evaluate((list) => (list.scrollTop = list.scrollHeight / 2));
    await expect(page.locator('tr.afar')).toHaveCount(1);
    await expect(page.locator('table')).not.toHaveAttribute('aria-busy', 'true');
    await findNothing(page, 'the middle of the list');
    await page.getByRole('checkbox', { name: /^Select all / }).check();
    await choose(page, 'End & Disable');
    const dialog = page.getByRole('alertdialog');
    await expect(dialog.getByLabel('Type the number of users')).toBeVisible();
    await expect(dialog.getByRole('checkbox', { name: /^Also disable / })).toBeVisible();
    await findNothing(page, 'the dialog');
  });
});
