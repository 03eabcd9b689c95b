// A plan of more than 10,000 users: it is done in steps, and nothing that the browser does in between stops it.
import { choose, filter, names, openPanel } from './list.ts';
import type { Page } from '@playwright/test';
import { expect, hydrated, test } from './product.ts';

test.describe('22,000 users', () => {
  test.use({ district: { accounts: 28_000, sessions: 28_000, lasting: true } });

  /** The confirm dialog for everybody, ready to be confirmed. */
  const askToEndAll = async (page: Page) => {
    await hydrated(page);
    await page.getByRole('checkbox', { name: /^Select all / }).check();
    await expect(page.getByText(/^[\d,]+ users selected/)).toBeVisible();
    await choose(page, 'End');
    const dialog = page.getByRole('alertdialog');
    const button = dialog.getByRole('button', { name: /^End sessions of [\d,]+ users$/ });
    const users = (await button.textContent())!.replace(/[^\d,]/g, '');
    expect(Number(users.replace(',', ''))).toBeGreaterThan(20_000);
    await dialog.getByLabel('Type the number of users').fill(users);
    return { dialog, button, users };
  };

  test('ending everybody shows how far it is, and goes on after a reload and on another page', async ({ loggedIn }) => {
    const page = await loggedIn('admin01');
    const { dialog, button, users } = await askToEndAll(page);
    const number = Number(users.replace(',', ''));

    // The second step never arrives; the third request waits. Of the first step the administrator is left out.
    let commits = 0;
    let arrive = () => {};
    const held = new Promise<void>((done) => (arrive = done));
    await page.route('**/api/sessions/commit', async (route) => {
      commits += 1;
      if (commits === 2) return;
      if (commits === 3) await held;
      await route.continue();
    });
    await button.click();
    const progress = page.getByRole('progressbar', { name: `Ended 9,999 of ${users} users …` });
    await expect(progress).toBeVisible({ timeout: 20_000 });
    await expect(progress).toHaveJSProperty('position', 9_999 / number);
    await expect(dialog).toBeHidden();
    // It is read out once, not with each step.
    await expect(page.locator('[aria-live=off]').filter({ hasText: 'Ended 9,999' })).toHaveCount(1);
    await filter(page, 'User Name').fill('=admin01');
    await expect.poll(() => names(page)).toEqual(['admin01']);
    await expect.poll(() => commits).toBe(2);

    await page.reload();
    await hydrated(page);
    await expect(progress).toBeVisible();
    await expect(page.getByRole('button', { name: 'Go on' })).toHaveCount(0);
    await (await openPanel(page, 'admin01')).getByRole('link', { name: 'View account' }).click();
    await expect(page.getByRole('heading', { name: 'User Account Information' })).toBeVisible();
    await expect(progress).toBeVisible();
    arrive();
    await expect(page.getByText(new RegExp(`^${users} ended, 1 skipped \\(you\\)`))).toBeVisible({ timeout: 20_000 });
    await expect(page.getByRole('progressbar')).toHaveCount(0);
    await page.goto('/sessions');
    await expect(page.getByText('You are the only one logged in.')).toBeVisible();
    expect(commits).toBe(4);
  });

  test('a page that is loaded anew during the first step goes on too', async ({ loggedIn }) => {
    const page = await loggedIn('admin01');
    const { button, users } = await askToEndAll(page);
    // It arrives whatever becomes of the page.
    let arrives = () => {};
    const sent = new Promise<void>((done) => (arrives = done));
    await page.route('**/api/sessions/commit', (route) => {
      void route.fetch().catch(() => {});
      arrives();
    }, { times: 1 });
    await button.click();
    await sent;
    await page.reload();
    await expect(page.getByText(new RegExp(`^${users} ended, 1 skipped \\(you\\)`))).toBeVisible({ timeout: 20_000 });
  });
});
