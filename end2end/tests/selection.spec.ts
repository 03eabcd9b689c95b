// What a selection keeps, shows and brings back; lists of names; what a filter matched.
import type { Page } from '@playwright/test';
import { clickRow, deaf, everybody, filter, names, paste, row, selected } from './list.ts';
import { expect, test } from './product.ts';

const bar = (page: Page) => page.locator('.action-bar');

/** The texts that are marked. */
const marked = async (page: Page) =>
  await page.evaluate(() => [...(CSS.highlights.get('match') ?? [])].map((range) => {
    const { startContainer, startOffset, endOffset } = range as StaticRange;
    return startContainer.textContent!.slice(startOffset, endOffset);
  }));

test('what a click or Esc drops of several users can be brought back until the next change', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  const restore = bar(admin).getByRole('button', { name: /^Restore/ });
  await expect(restore).toBeHidden();
  for (const name of ['natetest', 'nate.miller', 'kahumanu']) await row(admin, name).getByRole('checkbox').check();
  await clickRow(admin, 'admin02');
  await expect(selected(admin)).toContainText('1 user selected');
  // The second click of two changes nothing.
  await row(admin, 'admin02').getByText('admin02', { exact: true }).dblclick();
  await expect(admin.getByRole('complementary', { name: 'admin02' })).toBeVisible();
  await admin.keyboard.press('Escape');
  await expect(selected(admin)).toContainText('1 user selected');
  await restore.click();
  await expect(selected(admin)).toContainText('3 users selected');
  await expect(restore).toBeHidden();

  await row(admin, 'natetest').getByRole('checkbox').focus();
  await admin.keyboard.press('Escape');
  await expect(restore).toHaveText('Restore 3');
  await admin.keyboard.press('Escape');
  await expect(restore).toHaveText('Restore 3');
  await row(admin, 'natetest').getByRole('checkbox').check();
  await expect(restore).toBeHidden();

  // All that match come back as such.
  await admin.getByRole('checkbox', { name: /^Select all/ }).check();
  await expect(selected(admin)).toContainText('5 users selected');
  await bar(admin).getByRole('button', { name: 'Clear' }).click();
  await restore.click();
  await expect(selected(admin)).toContainText('5 users selected');
  // One user is no loss.
  await bar(admin).getByRole('button', { name: 'Clear' }).click();
  await row(admin, 'natetest').getByRole('checkbox').check();
  await admin.keyboard.press('Escape');
  await expect(restore).toBeHidden();
});

test('all that matched, brought back under another filter, are ticked', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await filter(admin, 'User Name').fill('nate');
  await expect(row(admin, 'admin01')).toBeHidden();
  await admin.getByRole('checkbox', { name: /^Select all/ }).check();
  await filter(admin, 'User Name').fill('t');
  await expect(selected(admin)).toContainText('2 users selected');
  await expect(row(admin, 'natetest')).toHaveAttribute('aria-selected', 'true');
  await row(admin, 'natetest').getByText('Fake', { exact: true }).click();
  await admin.getByRole('button', { name: 'Refresh' }).click();
  await expect(selected(admin)).toContainText('1 user selected');
  await expect(admin.getByRole('grid')).not.toHaveAttribute('aria-busy');
  await bar(admin).getByRole('button', { name: 'Restore 2' }).click();
  await expect(selected(admin)).toContainText('2 users selected');
  for (const name of ['natetest', 'nate.miller']) await expect(row(admin, name)).toHaveAttribute('aria-selected', 'true');
});

test('Show selected tells who is selected, first those whom the filter hides', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  for (const name of ['natetest', 'kahumanu', 'admin02']) await row(admin, name).getByRole('checkbox').check();
  await filter(admin, 'User Name').fill('nate');
  await expect(selected(admin)).toHaveText(/3 users selected · 3 sessions \(2 not shown\)/);
  await bar(admin).getByRole('button', { name: 'Show selected' }).click();
  const shown = admin.getByRole('dialog', { name: 'Selected users' });
  await expect(shown.getByRole('listitem')).toHaveText([/^admin02.*Brown, Ben.*not shown/, /^kahumanu.*not shown/, /^natetest.*Test, Fake/]);
  await shown.getByRole('button', { name: 'Deselect kahumanu' }).click();
  await expect(shown.getByRole('listitem')).toHaveCount(2);
  await expect(selected(admin)).toHaveText(/2 users selected · 2 sessions \(1 not shown\)/);
  product.endSessions('admin02');
  await admin.keyboard.press('Escape');
  await expect(shown).toBeHidden();
  // It is read when it is opened.
  await expect(selected(admin)).toHaveText(/2 users selected · 1 session \(1 not shown\)/);
  await bar(admin).getByRole('button', { name: 'Show selected' }).click();
  await expect(shown.getByRole('listitem').first()).toContainText('not logged in');
});

test('a pasted list of names finds each of them, and says who is not logged in', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await filter(admin, 'User Name').focus();
  await paste(admin, 'natetest\r\nNate.Miller\r\n\r\nnobody.there\r\na|b');
  await expect(admin.locator('.list-names')).toHaveText('2 of 4 names · 2 not logged in');
  expect((await names(admin)).sort()).toEqual(['nate.miller', 'natetest']);
  await expect(filter(admin, 'User Name')).toHaveValue('=natetest|=Nate.Miller|=nobody.there|=a\\|b');
  await admin.getByRole('button', { name: '2 not logged in' }).click();
  await expect(admin.getByRole('dialog', { name: 'Names that are not logged in' }).getByRole('listitem')).toHaveText(['nobody.there', 'a|b']);
  // News of others close nothing.
  const looked = admin.waitForResponse('**/api/sessions/look');
  await product.logIn('kahumanu');
  await looked;
  await admin.waitForTimeout(200);
  expect(await admin.getByRole('dialog', { name: 'Names that are not logged in' }).isVisible()).toBe(true);
  await admin.keyboard.press('Escape');
  // Another filter beside it takes nobody's log-in away.
  await filter(admin, 'First Name').fill('fake');
  await expect(admin.locator('.list-count')).toContainText('1 of 5 users');
  await expect(admin.locator('.list-names')).toHaveText('2 of 4 names · 2 not logged in');
  await filter(admin, 'First Name').fill('');

  // After a `!` they are those who are left out.
  await filter(admin, 'User Name').fill('!');
  await paste(admin, 'natetest\nnate.miller');
  await expect(filter(admin, 'User Name')).toHaveValue('!=natetest|=nate.miller');
  await expect(admin.locator('.list-count')).toContainText('3 of 5 users');
  await filter(admin, 'User Name').fill('');

  await filter(admin, 'User Name').focus();
  await paste(admin, Array.from({ length: 612 }, (_, place) => `pupil${place}`).join('\n'));
  await expect(admin.getByText('A filter holds 500 names, or 16 KB. The first 500 of 612 were taken; filter the others next.')).toBeVisible();
  await admin.waitForTimeout(6_500);
  await admin.getByRole('button', { name: 'Close message' }).click();
  await expect(admin.getByText('A filter holds 500 names')).toHaveCount(0);
  await expect(admin.locator('.list-names')).toContainText('0 of 500 names');
  // A single name is pasted as any text, by the browser.
  await filter(admin, 'User Name').fill('');
  await expect(admin.locator('.list-names')).toHaveCount(0);
});

test('what the filters matched is marked in every row, and no more', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  expect(await marked(admin)).toEqual([]);
  await filter(admin, 'User Name').fill('NATE');
  await expect.poll(async () => (await marked(admin)).sort()).toEqual(['nate', 'nate']);
  await filter(admin, 'Last Name').fill('mill');
  await expect.poll(async () => (await marked(admin)).sort()).toEqual(['Mill', 'nate']);
  await filter(admin, 'User Name').fill('');
  await filter(admin, 'Last Name').fill("ka'ahu");
  await expect.poll(async () => await marked(admin)).toEqual(['Kaʻahu']);
  await filter(admin, 'Last Name').fill('');
  await expect.poll(async () => await marked(admin)).toEqual([]);
});

test('who is picked while another list is on its way is ticked there', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await deaf(admin);
  let arrive = () => {};
  const held = new Promise<void>((done) => (arrive = done));
  await admin.route('**/api/sessions/list', async (route) => {
    await held;
    await route.continue();
  }, { times: 1 });
  const asked = admin.waitForRequest('**/api/sessions/list');
  await filter(admin, 'User Name').fill('nate');
  await asked;
  // The list on the screen is still that of everybody.
  await admin.getByRole('checkbox', { name: /^Select all / }).check();
  arrive();
  await expect.poll(async () => (await names(admin)).sort()).toEqual(['nate.miller', 'natetest']);
  for (const name of await names(admin)) await expect(row(admin, name)).toHaveAttribute('aria-selected', 'true');
  await expect(selected(admin)).toContainText('5 users selected');
});
