// The keyboard in the list, key by key, in a list longer than what is loaded.
import type { Page } from '@playwright/test';
import { filter, scrollTo, selected, users } from './list.ts';
import { expect, hydrated, test } from './product.ts';

test.use({ district: { accounts: 6500, sessions: 5600, lasting: true } });

type Standing = { row: number; cell: number; control: boolean };

/** Where the focus stands: the row's place in the result from 0 (header −2, filters −1), the cell's in its row, whether in its control. */
const standing = async (page: Page): Promise<Standing | undefined> => await page.evaluate(() => {
  const focused = document.activeElement!;
  const cell = focused.closest('td, th');
  const row = cell?.closest('tr');
  if (!cell || !row) return undefined;
  return { row: Number(row.getAttribute('aria-rowindex')) - 3, cell: [...row.children].indexOf(cell), control: focused !== cell };
});

const stands = async (page: Page, row: number, cell: number) =>
  await expect.poll(async () => await standing(page)).toMatchObject({ row, cell });

const press = async (page: Page, ...keys: string[]) => { for (const key of keys) await page.keyboard.press(key); };

const inSight = async (page: Page): Promise<boolean> => await page.evaluate(() => {
  const row = document.activeElement!.closest('tr')!.getBoundingClientRect();
  const list = document.querySelector('.list-scroll')!;
  return row.top >= list.querySelector('thead')!.getBoundingClientRect().bottom - 1 && row.bottom <= list.getBoundingClientRect().bottom + 1;
});

/** The `aria-rowindex` of the first row in the page but for the active one that is scrolled away. */
const firstShown = async (page: Page) => Number(await page.locator('tr[data-id]:not(.afar)').first().getAttribute('aria-rowindex'));

/** The whole list by user name; the focus in a cell of its first row. */
const atFirstRow = async (loggedIn: (name: string) => Promise<Page>, cell = 1): Promise<Page> => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  await page.locator('tr[data-id]').first().locator('td, th').nth(cell).click();
  await stands(page, 0, cell);
  await page.keyboard.press('Escape');
  await expect(selected(page)).toHaveCount(0);
  return page;
};

/** So far that the active row is out of sight. */
const scrollAway = async (page: Page) => {
  await scrollTo(page, 3_000 * 37);
  await expect.poll(async () => await page.locator('tr.afar').count()).toBe(1);
  await expect.poll(async () => await firstShown(page)).toBeGreaterThan(2_900);
};

test('arrows, Home, End and pages move cell by cell, row by row, to both ends', async ({ loggedIn }) => {
  const page = await atFirstRow(loggedIn, 2);
  await press(page, 'ArrowRight');
  await stands(page, 0, 3);
  await press(page, 'End');
  await stands(page, 0, 5);
  await press(page, 'ArrowRight');
  await stands(page, 0, 5);
  await press(page, 'ArrowDown');
  await stands(page, 1, 5);
  await press(page, 'Home');
  await stands(page, 1, 0);
  expect((await standing(page))!.control, 'the checkbox has the focus').toBe(true);
  await press(page, 'ArrowLeft');
  await stands(page, 1, 0);
  await press(page, 'ArrowRight', 'ArrowRight', 'PageDown');
  await expect.poll(async () => (await standing(page))!.row).toBeGreaterThan(8);
  const page1 = (await standing(page))!.row - 1;
  expect(await inSight(page)).toBe(true);
  await press(page, 'PageDown');
  await stands(page, 1 + 2 * page1, 2);
  await press(page, 'PageUp', 'PageUp');
  await stands(page, 1, 2);
  await press(page, 'PageUp');
  await stands(page, 0, 2);
  await press(page, 'Control+End');
  const last = (await users(page)) - 1;
  await stands(page, last, 2);
  expect(await inSight(page)).toBe(true);
  await press(page, 'ArrowDown');
  await stands(page, last, 2);
  await press(page, 'Control+Home');
  await stands(page, 0, 2);
  expect(await inSight(page)).toBe(true);
});

test('Space, Shift+Space, Shift+arrows, Ctrl+A and Esc select', async ({ loggedIn }) => {
  const page = await atFirstRow(loggedIn);
  const said = async (text: string) => await expect(selected(page)).toContainText(text);
  await press(page, 'ArrowDown', 'Space');
  await said('1 user selected');
  await press(page, 'ArrowDown', 'ArrowDown', 'Shift+Space');
  await said('3 users selected');
  await press(page, 'Shift+ArrowDown');
  await said('4 users selected');
  await stands(page, 4, 1);
  await press(page, 'Shift+ArrowUp', 'Shift+ArrowUp');
  await said('2 users selected');
  await press(page, 'Space');
  await said('1 user selected');
  // In the box itself too.
  await press(page, 'Home', 'Space');
  await said('2 users selected');
  await press(page, 'Control+a');
  await said(`${(await users(page)).toLocaleString('en')} users selected`);
  await press(page, 'Space');
  await said(`${((await users(page)) - 1).toLocaleString('en')} users selected`);
  await press(page, 'Escape');
  await expect(selected(page)).toHaveCount(0);
});

test('Enter opens and closes the panel, Esc closes it first and then drops the selection', async ({ loggedIn }) => {
  const page = await atFirstRow(loggedIn);
  const panel = page.getByRole('complementary');
  await press(page, 'Space', 'Enter');
  await expect(panel).toBeVisible();
  await stands(page, 0, 1);
  await press(page, 'Enter');
  await expect(panel).toBeHidden();
  await press(page, 'Enter');
  await expect(panel).toBeVisible();
  await press(page, 'Escape');
  await expect(panel).toBeHidden();
  await expect(selected(page)).toContainText('1 user selected');
  await stands(page, 0, 1);
  await press(page, 'Escape');
  await expect(selected(page)).toHaveCount(0);
});

test('from the first row up to the filters and the headers, which sort, and back down', async ({ loggedIn }) => {
  const page = await atFirstRow(loggedIn, 2);
  await press(page, 'ArrowUp');
  await expect(filter(page, 'Last Name')).toBeFocused();
  await press(page, 'ArrowUp');
  await stands(page, -2, 2);
  const header = page.getByRole('columnheader', { name: 'Last Name', exact: true }).first();
  await press(page, 'Enter');
  await expect(header).toHaveAttribute('aria-sort', 'ascending');
  await press(page, 'Space');
  await expect(header).toHaveAttribute('aria-sort', 'descending');
  await press(page, 'ArrowRight');
  await stands(page, -2, 3);
  await press(page, 'ArrowLeft', 'ArrowLeft');
  await stands(page, -2, 1);
  await press(page, 'ArrowDown');
  await expect(filter(page, 'User Name')).toBeFocused();
  await press(page, 'ArrowDown');
  await stands(page, 0, 1);
  // Above the checkboxes stands the one for all.
  await press(page, 'Home', 'ArrowUp');
  await stands(page, -2, 0);
  await press(page, 'Space');
  await expect(selected(page)).toContainText(`${(await users(page)).toLocaleString('en')} users selected`);
  await press(page, 'ArrowDown');
  await stands(page, 0, 0);
});

test('in a filter box the keys are the text\'s: Esc empties it, and then leads back to the rows', async ({ loggedIn }) => {
  const page = await atFirstRow(loggedIn);
  await press(page, 'ArrowUp');
  const box = filter(page, 'User Name');
  await expect(box).toBeFocused();
  const all = await users(page);
  await page.keyboard.type('a b');
  await expect(page.locator('.list-count')).toContainText(`of ${all.toLocaleString('en')} users`);
  await press(page, 'ArrowLeft', 'Backspace', 'Home', 'Delete');
  await expect(box).toHaveValue('b');
  await press(page, 'Control+a', 'Enter');
  await expect(box).toBeFocused();
  await expect(selected(page)).toHaveCount(0);
  await press(page, 'Escape');
  await expect(box).toHaveValue('');
  await expect(box).toBeFocused();
  await expect(page.locator('.list-count')).not.toContainText(' of ');
  await press(page, 'Escape');
  await expect.poll(async () => (await standing(page))?.row).toBeGreaterThanOrEqual(0);
});

test('the first row is reached from above wherever the list is scrolled to, and Tab brings the active row into sight', async ({ loggedIn }) => {
  const page = await atFirstRow(loggedIn);
  const scrollFar = async () => {
    await scrollTo(page, 3_000 * 37);
    await expect.poll(async () => await firstShown(page)).toBeGreaterThan(2_970);
  };
  await press(page, 'ArrowUp');
  await scrollFar();
  await press(page, 'ArrowDown');
  await stands(page, 0, 1);
  await expect.poll(async () => await inSight(page)).toBe(true);
  await press(page, 'ArrowDown', 'ArrowDown');
  await stands(page, 2, 1);
  await filter(page, 'Count').focus();
  await scrollFar();
  await press(page, 'Tab');
  await stands(page, 2, 1);
  await expect.poll(async () => await inSight(page)).toBe(true);
});

test('Space selects the active row where it is scrolled away, and brings it into sight', async ({ loggedIn }) => {
  const page = await atFirstRow(loggedIn);
  await scrollAway(page);
  await press(page, 'Space');
  await expect(selected(page)).toContainText('1 user selected');
  await expect.poll(async () => await inSight(page)).toBe(true);
  await stands(page, 0, 1);
  await press(page, 'ArrowDown', 'ArrowDown');
  await stands(page, 2, 1);
  await scrollAway(page);
  await press(page, 'Shift+Space');
  await expect(selected(page)).toContainText('3 users selected');
  await expect.poll(async () => await inSight(page)).toBe(true);
});

test('Space selects whom it was meant for, though others have come above or he is gone', async ({ loggedIn, product }) => {
  const page = await loggedIn('admin01');
  await hydrated(page);
  const row = page.locator("tr[aria-rowindex='8']");
  const name = (await row.locator('.user_name .text').textContent())!;
  await row.locator('.last_name').click();
  await page.keyboard.press('Control+Space');
  await expect(selected(page)).toContainText('1 user selected');
  await page.keyboard.press('Escape');
  await scrollAway(page);
  const late = async (name: string) => {
    product.createAccount({ name, last: 'Late', first: 'Lou', sis: false });
    await product.logIn(name);
  };
  for (const name of ['late1', 'late2', 'late3']) await late(name);
  await press(page, 'Space');
  await expect(selected(page)).toContainText('1 user selected');
  await expect(page.getByRole('checkbox', { name: `Select ${name}`, exact: true })).toBeChecked();
  await page.keyboard.press('Escape');
  await expect(selected(page)).toHaveCount(0);
  // Who is gone is not found, and nobody else is taken for him.
  await scrollAway(page);
  product.endSessions(name);
  await late('late4');
  await press(page, 'Space');
  await expect(page.getByText('That user is no longer in the list, so nothing was selected. Press Refresh and select again.')).toBeVisible();
  await expect(selected(page)).toHaveCount(0);
});

test('the arrows go on from a row whose user was ended meanwhile', async ({ loggedIn, product }) => {
  const page = await atFirstRow(loggedIn);
  await press(page, 'ArrowDown', 'ArrowDown', 'Home');
  await stands(page, 2, 0);
  const row = page.locator("tr[aria-rowindex='5']");
  const name = await row.locator('.user_name .text').textContent();
  product.endSessions(name!);
  await expect(row).toContainText('Ended');
  await press(page, 'Space');
  await expect(row.getByRole('checkbox')).not.toBeChecked();
  await expect(selected(page)).toHaveCount(0);
  await press(page, 'ArrowDown');
  await stands(page, 3, 0);
  await press(page, 'ArrowUp', 'Tab', 'Shift+Tab');
  await stands(page, 2, 0);
});

test('Shift+Down extends over a row that is still to come', async ({ loggedIn }) => {
  const page = await atFirstRow(loggedIn);
  await press(page, 'Space');
  let go = () => {};
  const held = new Promise<void>((done) => { go = done; });
  await page.route('**/api/sessions/list', async (route) => { await held; await route.continue(); });
  await press(page, 'Control+End', 'Shift+ArrowUp');
  await expect(selected(page)).toContainText('1 user selected');
  go();
  const all = await users(page);
  await stands(page, all - 2, 1);
  await expect(selected(page)).toContainText(`${(all - 1).toLocaleString('en')} users selected`);
});

test('on the way to a row that is still to come, Space selects that one, and Enter opens nobody else', async ({ loggedIn }) => {
  const page = await atFirstRow(loggedIn);
  let go = () => {};
  const held = new Promise<void>((done) => { go = done; });
  await page.route('**/api/sessions/list', async (route) => { await held; await route.continue(); });
  await press(page, 'Home', 'Control+End', 'Enter', 'Space');
  await expect(selected(page)).toHaveCount(0);
  go();
  const all = await users(page);
  await stands(page, all - 1, 0);
  await expect(selected(page)).toContainText('1 user selected');
  await expect(page.locator(`tr[aria-rowindex="${all + 2}"]`)).toHaveAttribute('aria-selected', 'true');
  await expect(page.getByRole('complementary')).toHaveCount(0);
});

test('Caps Lock changes no key, and what an input method takes is none', async ({ loggedIn }) => {
  const page = await atFirstRow(loggedIn);
  const down = async (key: string, more: { ctrlKey?: boolean; isComposing?: boolean } = {}) => await page.evaluate(([key, more]) =>
    document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more })), [key, more] as const);
  await down('A', { ctrlKey: true });
  await expect(selected(page)).toContainText(`${(await users(page)).toLocaleString('en')} users selected`);
  await press(page, 'Escape');
  await expect(selected(page)).toHaveCount(0);
  for (const key of ['ArrowDown', ' ', 'Enter']) await down(key, { isComposing: true });
  await stands(page, 0, 1);
  await expect(selected(page)).toHaveCount(0);
  await expect(page.getByRole('complementary')).toHaveCount(0);
  await press(page, 'ArrowUp');
  await page.keyboard.type('b');
  for (const key of ['Escape', 'ArrowDown', 'ArrowUp']) await down(key, { isComposing: true });
  await expect(filter(page, 'User Name')).toBeFocused();
  await expect(filter(page, 'User Name')).toHaveValue('b');
});

test('beside an open panel every cell with the focus is seen', async ({ loggedIn }) => {
  const page = await atFirstRow(loggedIn);
  for (const width of [760, 1_000, 1_192]) {
    await page.setViewportSize({ width, height: 700 });
    await press(page, 'Enter');
    await expect(page.getByRole('complementary')).toBeVisible();
    for (const key of ['End', 'ArrowLeft', 'ArrowLeft', 'Home']) {
      await press(page, key);
      const seen = async () => await page.evaluate(() => {
        const { left, top, width, height } = document.activeElement!.getBoundingClientRect();
        return document.activeElement!.contains(document.elementFromPoint(left + width / 2, top + height / 2));
      });
      await expect.poll(seen, { message: `${width} px, ${key}` }).toBe(true);
    }
    await press(page, 'Escape');
    await expect(page.getByRole('complementary')).toBeHidden();
  }
});
