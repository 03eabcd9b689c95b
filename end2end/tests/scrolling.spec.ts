// A list longer than the window: rows come where one scrolls to, and go again.
import type { Page } from '@playwright/test';
import { expect, hydrated, test } from './product.ts';

test.use({ district: { accounts: 6500, sessions: 5600, lasting: true } });


/** Users in the list, as it says. */
const users = async (page: Page) => Number((await page.locator('.list-count').textContent())!.replace(/ users.*/, '').replace(',', ''));

type Shown = { index: number; id: string; top: number };

/** The rows in the page but for the active one that is scrolled away; places in the result from 0. */
const rows = async (page: Page): Promise<Shown[]> => await page.locator('tr[data-id]:not(.afar)').evaluateAll((rows) => rows.map((row) => ({
  index: Number(row.getAttribute('aria-rowindex')) - 3, id: row.getAttribute('data-id')!, top: row.getBoundingClientRect().top,
})));

/** The ids that the server puts at these places. */
const answered = async (page: Page, offset: number, limit: number): Promise<string[]> => {
  return await page.evaluate(async (asked) => {
    const response = await fetch('/api/sessions/list', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(asked) });
    return (await response.json()).rows.map((row: { id: number }) => String(row.id));
  }, { query: { filters: ['', '', '', '', ''], sort: 'user_name' }, offset, limit });
};

const scrollTo = async (page: Page, top: number) => await page.locator('.list-scroll').evaluate((list, top) => { list.scrollTop = top; }, top);

/** Every place in sight has its row, the right one. */
const wholeView = async (page: Page, about: number) => {
  await expect(async () => {
    const shown = await rows(page);
    const [first] = shown;
    expect(first, 'rows').toBeDefined();
    expect(Math.abs(first!.index - about)).toBeLessThan(30);
    expect(shown.map((row) => row.index)).toEqual(shown.map((_, place) => first!.index + place));
    expect(shown.map((row) => row.id)).toEqual(await answered(page, first!.index, shown.length));
    const view = await page.locator('.list-scroll').evaluate((list) => ({ top: list.querySelector('thead')!.getBoundingClientRect().bottom, bottom: list.getBoundingClientRect().bottom }));
    expect(shown[0]!.top).toBeLessThanOrEqual(view.top);
    expect(shown.at(-1)!.top + 37).toBeGreaterThanOrEqual(view.bottom - 16);
    expect(shown.length).toBeLessThan(80);
  }).toPass({ timeout: 5_000 });
};

test('rows come wherever the list is scrolled to', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  await wholeView(page, 0);
  await scrollTo(page, 2_000 * 37);
  await wholeView(page, 1_990);
  await scrollTo(page, 10_000_000);
  await wholeView(page, (await users(page)) - 22);
  await scrollTo(page, 0);
  await wholeView(page, 0);
  for (let turn = 0; turn < 30; turn += 1) {
    await page.mouse.move(600, 500);
    await page.mouse.wheel(0, 400);
  }
  // Chromium scrolls smoothly, and leaves out what comes too fast.
  const top = async () => await page.locator('.list-scroll').evaluate((list) => list.scrollTop);
  let before = -1;
  await expect.poll(async () => [before, before = await top()].every((at) => at === before)).toBe(true);
  expect(before).toBeGreaterThan(3_000);
  await wholeView(page, Math.floor(before / 37) - 10);
});

test('the keyboard reaches the whole result, and the active row stays when it is scrolled away', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  const focused = async () => await page.evaluate(() => Number(document.activeElement?.closest('tr')?.getAttribute('aria-rowindex')) - 3);
  await page.locator('tr[data-id] th').first().focus();
  for (let press = 0; press < 40; press += 1) await page.keyboard.press('ArrowDown');
  await expect.poll(focused).toBe(40);
  await page.keyboard.press('Control+End');
  const last = (await users(page)) - 1;
  await expect.poll(focused).toBe(last);
  await wholeView(page, last - 21);
  await page.keyboard.press('PageUp');
  await expect.poll(focused).toBeLessThan(last - 6);
  await page.keyboard.press('Control+Home');
  await expect.poll(focused).toBe(0);
  await page.keyboard.press('ArrowDown');
  await scrollTo(page, 3_000 * 37);
  await wholeView(page, 2_990);
  expect(await focused()).toBe(1);
  await page.keyboard.press('ArrowDown');
  await expect.poll(focused).toBe(2);
  await wholeView(page, 0);
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await expect(page.getByRole('status').filter({ hasText: 'selected' })).toContainText('3 users selected');
});

test('another filter begins at its first row', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  await scrollTo(page, 2_000 * 37);
  await wholeView(page, 1_990);
  const all = await users(page);
  await page.getByRole('searchbox', { name: 'Filter User Name' }).fill('a');
  await expect.poll(async () => (await rows(page))[0]?.index).toBe(0);
  await expect(page.locator('.list-count')).toContainText(` of ${all.toLocaleString('en')} users`);
  await page.getByRole('searchbox', { name: 'Filter User Name' }).fill('');
  await wholeView(page, 0);
});

test('a page of the list becomes a place in it', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=user_name&offset=1000');
  await hydrated(page);
  await wholeView(page, 990);
  await page.getByRole('button', { name: 'Refresh' }).click();
  await wholeView(page, 990);
});

test('a list that the router leads to is whole, and begins anew', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await page.goto('/help');
  await hydrated(page);
  await page.getByRole('link', { name: 'User Session Manager' }).first().click();
  await page.getByRole('columnheader', { name: 'User Name', exact: true }).getByText('User Name').click();
  await wholeView(page, 0);
  await scrollTo(page, 2_000 * 37);
  await wholeView(page, 1_990);
});

test('Shift selects over rows that were never loaded', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  const bar = page.getByRole('status').filter({ hasText: 'selected' });
  const at = async (index: number) => page.locator(`tr[aria-rowindex='${index + 3}']`);
  await (await at(2)).locator('.last_name').click();
  await scrollTo(page, 3_000 * 37);
  await wholeView(page, 2_990);
  await (await at(3_003)).locator('.last_name').click({ modifiers: ['Shift'] });
  await expect(bar).toContainText('3,002 users selected');
  await expect(await at(3_002)).toHaveAttribute('aria-selected', 'true');
  await expect(await at(3_004)).toHaveAttribute('aria-selected', 'false');
  await (await at(3_000)).getByRole('checkbox').click();
  await expect(bar).toContainText('3,001 users selected');
  await page.getByRole('button', { name: 'End Sessions' }).click();
  await page.getByRole('menuitem', { name: 'End', exact: true }).click();
  // admin01 herself is in the range, and left out.
  await expect(page.getByRole('alertdialog', { name: 'End sessions of 3,000 users?' })).toBeVisible();
});

test('after an account and Back the list stands where it stood', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  await scrollTo(page, 2_000 * 37);
  await wholeView(page, 1_990);
  await expect(page).toHaveURL(/offset=1\d\d\d$/);
  await page.locator("tr[aria-rowindex='2006']").getByRole('link').click();
  await page.getByRole('link', { name: 'View account' }).click();
  await expect(page.getByRole('heading', { name: /^Active sessions/ })).toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL(/offset=1\d\d\d$/);
  await expect.poll(async () => (await rows(page))[0]?.index ?? 0).toBeGreaterThan(1_700);
});
