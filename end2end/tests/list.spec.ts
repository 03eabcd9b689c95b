// The Session List in the browser: filters, order, selection, panel, Refresh, and what survives.
import { choose, clickRow, everybody, filter, names, openPanel, row, selected } from './list.ts';
import { expect, hydrated, logIn, test } from './product.ts';

test('sorts by every column, both ways, and keeps it in the address', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await expect(admin.getByRole('columnheader', { name: 'Session Creation Timestamp' })).toHaveAttribute('aria-sort', 'descending');
  expect((await names(admin))[0]).toBe('admin01');
  for (const [column, key, first, last] of [
    ['User Name', 'user_name', 'admin01', 'natetest'],
    ['Last Name', 'last_name', 'admin01', 'natetest'],
    ['First Name', 'first_name', 'admin01', 'kahumanu'],
  ]) {
    const header = admin.getByRole('columnheader', { name: column, exact: true });
    await header.getByText(column).click();
    await expect(header).toHaveAttribute('aria-sort', 'ascending');
    await expect(admin).toHaveURL(`/sessions?sort=${key}`);
    await expect.poll(async () => (await names(admin)).at(0)).toBe(first);
    await expect.poll(async () => (await names(admin)).at(-1)).toBe(last);
    await header.getByText(column).click();
    await expect(header).toHaveAttribute('aria-sort', 'descending');
    await expect(admin).toHaveURL(`/sessions?sort=-${key}`);
    await expect.poll(async () => (await names(admin)).at(0)).toBe(last);
    await expect(admin.getByRole('status').filter({ hasText: 'Showing' })).toContainText(`Sorted by ${column}, descending.`);
  }
  // The newest and the most come first.
  await product.logIn('kahumanu');
  for (const [column, key, first] of [['Count', 'count', 'kahumanu'], ['Session Creation Timestamp', 'created', 'kahumanu']]) {
    const header = admin.getByRole('columnheader', { name: column, exact: true });
    await header.getByText(column).click();
    await expect(header).toHaveAttribute('aria-sort', 'descending');
    await expect.poll(async () => (await names(admin)).at(0)).toBe(first);
    await header.getByText(column).click();
    await expect(header).toHaveAttribute('aria-sort', 'ascending');
    await expect(admin).toHaveURL(`/sessions?sort=${key}`);
    await expect.poll(async () => (await names(admin)).at(-1)).toBe(first);
  }
  await admin.getByRole('columnheader', { name: 'First Name', exact: true }).getByText('First Name').click();
  await admin.getByRole('columnheader', { name: 'First Name', exact: true }).getByText('First Name').click();
  await expect(admin).toHaveURL('/sessions?sort=-first_name');
  await admin.reload();
  await hydrated(admin);
  await expect(admin.getByRole('columnheader', { name: 'First Name', exact: true })).toHaveAttribute('aria-sort', 'descending');
});

test('what the page says of itself', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await expect(admin.getByRole('region', { name: 'Description' })).toContainText(
    'The User Session Manager lists all active user sessions. This tool can be used to end a selected user session or to end a user session and disable the account. Use Ctrl+Click to select multiple users.',
  );
  await expect(admin.getByRole('columnheader', { name: 'Session Creation Timestamp' }).getByRole('link')).toHaveAttribute('title', 'Time zone: America/Chicago');
  const box = filter(admin, 'Count');
  await expect(box).not.toHaveAttribute('aria-describedby');
  await box.fill('>1');
  await expect(box).toHaveAccessibleDescription('2 or more');
  await expect(admin.getByText('2 or more')).toBeVisible();
  await box.fill('');
  await row(admin, 'natetest').getByRole('checkbox').check();
  const button = admin.getByRole('button', { name: 'End Sessions' });
  const end = admin.getByRole('menuitem', { name: 'End', exact: true });
  const disable = admin.getByRole('menuitem', { name: 'End & Disable', exact: true });
  await button.focus();
  await admin.keyboard.press('ArrowUp');
  await expect(disable).toBeFocused();
  await expect(end).toHaveAccessibleDescription('Immediately logs the user out.');
  await expect(disable).toHaveAccessibleDescription(
    'Immediately logs the user out and disables their user account, preventing them from being able to log back in.',
  );
  for (const [key, item] of [['Home', end], ['ArrowUp', disable], ['ArrowDown', end], ['End', disable]] as const) {
    await admin.keyboard.press(key);
    await expect(item).toBeFocused();
  }
  await admin.keyboard.press('Escape');
  await expect(button).toBeFocused();
  await admin.keyboard.press('ArrowDown');
  await expect(end).toBeFocused();
  await admin.keyboard.press('Tab');
  await expect(end).toBeHidden();
});

test('a double click opens the panel, which follows the arrows; text that is marked is no click', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await row(admin, 'natetest').locator('.last_name').dblclick();
  await expect(admin.getByRole('complementary', { name: 'natetest' })).toBeVisible();
  const all = await names(admin);
  const next = all[all.indexOf('natetest') - 1]!;
  await admin.keyboard.press('ArrowUp');
  await expect(admin.getByRole('complementary', { name: next })).toBeVisible();
  await admin.keyboard.press('Escape');
  await admin.keyboard.press('Escape');
  await expect(selected(admin)).toHaveCount(0);
  const text = row(admin, 'kahumanu').locator('.last_name');
  const { x, y, height } = (await text.boundingBox())!;
  await admin.mouse.move(x + 14, y + height / 2);
  await admin.mouse.down();
  await admin.mouse.move(x + 60, y + height / 2, { steps: 4 });
  await admin.mouse.up();
  expect(await admin.evaluate(() => getSelection()!.toString())).not.toBe('');
  await expect(selected(admin)).toHaveCount(0);
  // With Ctrl it opens the panel too, and no tab.
  await row(admin, 'kahumanu').getByRole('link').click({ modifiers: ['Control'] });
  await expect(admin.getByRole('complementary', { name: 'kahumanu' })).toBeVisible();
  expect(admin.context().pages()).toHaveLength(1);
});

test('filters live, in the address, and Back brings them back', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  const documents: string[] = [];
  admin.on('request', (request) => request.resourceType() === 'document' && documents.push(request.url()));
  await filter(admin, 'User Name').pressSequentially('nate');
  await expect.poll(() => names(admin)).toEqual(['nate.miller', 'natetest']);
  await expect(admin.getByText('2 of 5 users · 2 sessions')).toBeVisible();
  await filter(admin, 'Last Name').fill('!test');
  await expect.poll(() => names(admin)).toEqual(['nate.miller']);
  await expect(admin).toHaveURL('/sessions?user_name=nate&last_name=%21test');
  await expect(admin.getByRole('button', { name: 'Clear filters (2)' })).toBeVisible();
  expect(documents).toEqual([]);

  await row(admin, 'nate.miller').getByRole('link').focus();
  await admin.getByRole('link', { name: 'Help' }).first().click();
  await expect(admin).toHaveURL('/help');
  await admin.goBack();
  await hydrated(admin);
  await expect.poll(() => names(admin)).toEqual(['nate.miller']);
  await expect(filter(admin, 'User Name')).toHaveValue('nate');

  await admin.getByRole('button', { name: 'Clear filters (2)' }).click();
  await expect.poll(async () => (await names(admin)).length).toBe(5);
  await expect(admin).toHaveURL('/sessions');
  await filter(admin, 'User Name').fill('nobody');
  await expect(admin.getByText('No users match these filters.')).toBeVisible();
});

test('a slow older answer never replaces a newer one', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await admin.route('**/api/sessions/list', async (route) => {
    if (route.request().postData()!.includes('"admin"')) await new Promise((done) => setTimeout(done, 1500));
    await route.continue().catch(() => undefined);
  });
  const aborted = admin.waitForEvent('requestfailed', (request) => request.postData()?.includes('"admin"') ?? false);
  await filter(admin, 'User Name').fill('admin');
  await filter(admin, 'User Name').fill('nate');
  await expect.poll(() => names(admin), { timeout: 1200 }).toEqual(['nate.miller', 'natetest']);
  expect((await aborted).failure()!.errorText).toBe('net::ERR_ABORTED');
  await admin.waitForTimeout(1800);
  expect(await names(admin)).toEqual(['nate.miller', 'natetest']);
});

test('one selection: click, Ctrl+Click, Shift+Click, checkbox, header checkbox', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await admin.getByRole('columnheader', { name: 'User Name', exact: true }).getByText('User Name').click();
  await expect.poll(() => names(admin)).toEqual(['admin01', 'admin02', 'kahumanu', 'nate.miller', 'natetest']);

  await clickRow(admin, 'admin02');
  await expect(selected(admin)).toHaveText(/^1 user selected/);
  await clickRow(admin, 'natetest', 'ControlOrMeta');
  await expect(selected(admin)).toHaveText(/^2 users selected · 2 sessions/);
  await clickRow(admin, 'kahumanu', 'ControlOrMeta');
  await clickRow(admin, 'kahumanu', 'ControlOrMeta');
  await expect(selected(admin)).toHaveText(/^2 users selected/);
  await clickRow(admin, 'kahumanu');
  await clickRow(admin, 'natetest', 'Shift');
  await expect(selected(admin)).toHaveText(/^3 users selected/);
  await expect(row(admin, 'nate.miller')).toHaveAttribute('aria-selected', 'true');
  await row(admin, 'admin01').getByRole('checkbox').check();
  await expect(selected(admin)).toHaveText(/^4 users selected/);

  // A filter hides some; they stay selected and are counted.
  await filter(admin, 'User Name').fill('kahu');
  await expect(selected(admin)).toHaveText(/^4 users selected · 4 sessions \(3 not shown\)/);
  await choose(admin, 'End');
  const dialog = admin.getByRole('alertdialog');
  await expect(dialog.getByText(/Not in the list now/)).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await admin.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(selected(admin)).toHaveText(/^4 users selected/);

  // Some, all, nobody.
  await filter(admin, 'User Name').fill('');
  const all = admin.getByRole('checkbox', { name: 'Select all 5 users that match' });
  expect(await all.evaluate((box: HTMLInputElement) => box.indeterminate)).toBe(true);
  await all.click();
  await expect(selected(admin)).toHaveText(/^5 users selected · 5 sessions/);
  await expect(all).toBeChecked();
  await all.click();
  await expect(selected(admin)).toHaveCount(0);
  await expect(all).not.toBeChecked();
  // Whoever comes to match later is not meant where nobody does.
  await filter(admin, 'User Name').fill('nobody.at.all');
  const none = admin.getByRole('checkbox', { name: 'Select all 0 users that match' });
  await none.click();
  await expect(none).not.toBeChecked();
  await expect(selected(admin)).toHaveCount(0);
  await filter(admin, 'User Name').fill('nate');
  await expect.poll(() => names(admin)).toEqual(['nate.miller', 'natetest']);
  await admin.getByRole('checkbox', { name: 'Select all 2 users that match' }).check();
  await expect(selected(admin)).toHaveText(/^2 users selected/);
  await choose(admin, 'End & Disable');
  await expect(dialog.getByRole('heading', { name: 'End sessions and disable 2 accounts?' })).toBeVisible();
  await dialog.getByRole('button', { name: 'End & Disable 2 users' }).click();
  await expect(admin.getByText('2 accounts disabled, 2 sessions ended').first()).toBeVisible();
});

test('oneself and other administrators are named before anything is disabled', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await admin.getByRole('checkbox', { name: /^Select all 5 users/ }).check();
  await choose(admin, 'End & Disable');
  const dialog = admin.getByRole('alertdialog');
  await expect(dialog.getByText('You (admin01) are in the selection and will be skipped.')).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'End & Disable 3 users' })).toBeVisible();
  await dialog.getByLabel('Also disable 1 SIS administrator: admin02').check();
  await dialog.getByRole('button', { name: 'End & Disable 4 users' }).click();
  await expect(admin.getByText('4 accounts disabled').first()).toBeVisible();
});

test('disabling oneself alone is refused in the dialog', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await admin.getByRole('checkbox', { name: 'Select admin01' }).check();
  await choose(admin, 'End & Disable');
  const dialog = admin.getByRole('alertdialog');
  await expect(dialog.getByText(/cannot disable your own account/i)).toBeVisible();
  await expect(dialog.getByRole('button', { name: /^End & Disable/ })).toHaveCount(0);
});

test('Refresh keeps filter, selection and scroll, and brings what is new', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await filter(admin, 'User Name').fill('nate');
  await expect.poll(async () => (await names(admin)).length).toBe(2);
  await admin.getByRole('checkbox', { name: 'Select natetest' }).check();
  product.createAccount({ name: 'nate.new', last: 'New', first: 'Nate', sis: false });
  for (const name of ['nate.new', 'natetest']) await product.logIn(name);
  let asked = 0;
  admin.on('request', (request) => { asked += Number(request.url().endsWith('/api/sessions/list')); });
  await admin.getByRole('button', { name: 'Refresh' }).click();
  await expect.poll(async () => (await names(admin)).length).toBe(3);
  await expect(filter(admin, 'User Name')).toHaveValue('nate');
  await expect(admin.getByRole('checkbox', { name: 'Select natetest' })).toBeChecked();
  await expect(selected(admin)).toHaveText(/^1 user selected · 2 sessions/);
  expect(asked, 'one question').toBe(1);
});

test('the panel shows single sessions and ends one of them', async ({ loggedIn }) => {
  const first = await loggedIn('natetest');
  const second = await loggedIn('natetest');
  const admin = await loggedIn('admin01');
  await hydrated(admin);
  const panel = await openPanel(admin, 'natetest');
  await expect(panel.getByRole('button', { name: 'End all 2' })).toBeVisible();
  await expect(panel.getByText('127.0.0.1')).toHaveCount(2);
  await panel.getByRole('button', { name: /^End (?!all|&)/ }).first().click();
  await expect(panel.getByText('127.0.0.1')).toHaveCount(1);
  // One of their pages leaves.
  await expect.poll(() => [first, second].map((page) => new URL(page.url()).pathname).sort()).toEqual(['/me', '/sign-in']);
  await admin.keyboard.press('Escape');
  await expect(panel).toBeHidden();
});

test('a keyboard alone: filter, move, select, end', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await filter(admin, 'User Name').focus();
  await admin.keyboard.type('nate');
  await expect.poll(async () => (await names(admin)).length).toBe(2);
  await admin.keyboard.press('ArrowDown');
  await admin.keyboard.press('Space');
  await expect(selected(admin)).toHaveText(/^1 user selected/);
  await admin.keyboard.press('ArrowDown');
  await admin.keyboard.press('Space');
  await expect(selected(admin)).toHaveText(/^2 users selected/);
  await admin.getByRole('button', { name: 'End Sessions' }).focus();
  await admin.keyboard.press('Enter');
  await expect(admin.getByRole('menuitem', { name: 'End', exact: true })).toBeFocused();
  await admin.keyboard.press('ArrowDown');
  await expect(admin.getByRole('menuitem', { name: 'End & Disable' })).toBeFocused();
  await admin.keyboard.press('Escape');
  await expect(admin.getByRole('button', { name: 'End Sessions' })).toBeFocused();
  await admin.keyboard.press('ArrowDown');
  await admin.keyboard.press('Enter');
  await expect(admin.getByRole('alertdialog').getByRole('button', { name: 'Cancel' })).toBeFocused();
  await admin.keyboard.press('Tab');
  await admin.keyboard.press('Enter');
  await expect(admin.getByText('2 ended', { exact: true }).first()).toBeVisible();
});

test('without a selection the menu says what to do', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  const button = admin.getByRole('button', { name: 'End Sessions' });
  await expect(button).toHaveAttribute('aria-disabled', 'true');
  await expect(button).toHaveAccessibleDescription('Select one or more users first.');
  // It takes clicks, to say why it does nothing; Playwright holds it for disabled.
  await button.click({ force: true });
  await expect(admin.getByRole('menuitem')).toHaveCount(0);
  await expect(admin.getByRole('status').filter({ hasText: 'Select one or more users first.' })).toBeVisible();
});

test('an administrator who is ended meanwhile gets the log-in page, and his filters back', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  // What an address, and one in another, must not decode twice.
  const [name, last] = ['nate|%20', 'Ka\u02bbahu & ö|test'];
  await filter(admin, 'User Name').fill(name);
  await filter(admin, 'Last Name').fill(last);
  await expect(admin).toHaveURL(/last_name=Ka%CA%BB/);
  const address = admin.url();
  product.endSessions('admin01');
  await expect(admin.getByText('You were logged out by an administrator.')).toBeVisible();
  await logIn(admin, 'admin01');
  await expect(admin).toHaveURL(address);
  await hydrated(admin);
  await expect(filter(admin, 'User Name')).toHaveValue(name);
  await expect(filter(admin, 'Last Name')).toHaveValue(last);
  expect(await names(admin)).toEqual(['natetest']);
});
