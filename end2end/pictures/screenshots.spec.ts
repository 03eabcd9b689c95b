// Pictures of every state in every size, light and dark, for a person to judge: end2end/screenshots.
import { boxes, filter } from '../tests/list.ts';
import { expect, hydrated, test } from '../tests/product.ts';
import { STATES } from '../tests/states.ts';

const SIZES = [[400, 720], [640, 720], [759, 720], [760, 720], [1280, 720], [1366, 641]] as const;

test.use({ district: { accounts: 6500, sessions: 5600 } });

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [width, height] of SIZES) {
    test(`${width} × ${height} ${colorScheme}`, async ({ loggedIn, person, complaints }) => {
      test.setTimeout(300_000);
      const folder = `screenshots/${colorScheme}-${width}`;
      const look = { viewport: { width, height }, colorScheme, reducedMotion: 'reduce' } as const;
      const stranger = await person('stranger', look);
      await stranger.goto('/sign-in');
      await stranger.screenshot({ path: `${folder}/log-in.png` });
      const page = await loggedIn('admin01', look);
      for (const state of STATES) {
        await page.unrouteAll({ behavior: 'ignoreErrors' });
        await state.reach(page);
        if (state.status) await complaints.expectStatusAgain(state.status);
        await page.screenshot({ path: `${folder}/${state.name}.png` });
      }
      // Chromium says so where the log-in page was filled in before it had set the focus itself.
      complaints.take(/^Autofocus processing was blocked/);
    });
  }
}

test('README', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.goto('/sessions');
  await hydrated(page);
  await filter(page, 'User Name').fill('nate');
  await expect(page.getByRole('button', { name: 'Clear filters (1)' })).toBeVisible();
  for (const place of [1, 2]) await boxes(page).nth(place).check();
  await page.getByRole('link', { name: /^Sessions of / }).nth(1).click();
  await expect(page.getByRole('complementary').getByRole('button', { name: /^End all / })).toBeVisible();
  await expect(page.getByText(/^2 users selected · /)).toBeVisible();
  await page.screenshot({ path: '../docs/session-list.png' });
});
