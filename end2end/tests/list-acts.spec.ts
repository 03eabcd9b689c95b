// Acting in the Session List: the panel, what fails, what comes late, and where the focus goes.
import type { Page } from '@playwright/test';
import { choose, clickRow, deaf, everybody, filter, inSteps, names, openPanel, paste, row, selected } from './list.ts';
import { expect, hydrated, logIn, logOut, test } from './product.ts';

/** What has the focus, or `body` where it was lost. */
const focused = async (page: Page) => await page.evaluate(() => document.activeElement!.tagName.toLowerCase());
const keepsFocus = async (page: Page) => expect(await focused(page)).not.toBe('body');

test('a user ended with the panel open: the panel asks once more, and is silent', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  const asked: string[] = [];
  admin.on('request', (request) => request.url().endsWith('/api/sessions/of') && asked.push(request.url()));
  const panel = await openPanel(admin, 'natetest');
  await panel.getByRole('button', { name: 'End all 1' }).click();
  await expect(panel.getByText('No active sessions.')).toBeVisible();
  await expect(row(admin, 'natetest').getByText('Ended')).toBeVisible();
  await admin.waitForLoadState('networkidle');
  expect(asked.length).toBeLessThanOrEqual(3);
  await keepsFocus(admin);
});

test('a disabled user reads Disabled, with the panel open too', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  const panel = await openPanel(admin, 'natetest');
  await panel.getByRole('button', { name: 'End & Disable…' }).click();
  await admin.getByRole('alertdialog').getByRole('button', { name: 'End & Disable natetest' }).click();
  await expect(panel.getByText('The account is disabled.')).toBeVisible();
  await expect(row(admin, 'natetest').getByText('Disabled')).toBeVisible();
  await keepsFocus(admin);
});

test('Undo disable works when the page that offered it is left', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  const panel = await openPanel(admin, 'natetest');
  await panel.getByRole('button', { name: 'End & Disable…' }).click();
  await admin.getByRole('alertdialog').getByRole('button', { name: 'End & Disable natetest' }).click();
  await expect(admin.getByText('1 account disabled, 1 session ended')).toBeVisible();
  // A warning is no act.
  await filter(admin, 'User Name').focus();
  await paste(admin, Array.from({ length: 501 }, (_, name) => `name${name}`).join('\n'));
  await expect(admin.getByText(/^A filter holds 500 names/)).toBeVisible();
  await expect(admin.getByRole('button', { name: 'Undo disable' })).toBeVisible();
  await admin.getByRole('link', { name: 'View account' }).click();
  await expect(admin.getByRole('heading', { name: 'User Account Information' })).toBeVisible();
  await admin.getByRole('button', { name: 'Undo disable' }).click();
  await expect(admin.getByText('1 account enabled again. Ended sessions stay ended.')).toBeVisible();
  await keepsFocus(admin);
});

test('View history leads to the events of the act, and from there to all', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  const panel = await openPanel(admin, 'natetest');
  await panel.getByRole('button', { name: 'End & Disable…' }).click();
  await admin.getByRole('alertdialog').getByRole('button', { name: 'End & Disable natetest' }).click();
  await admin.getByRole('link', { name: 'View history' }).click();
  await expect(admin.getByText('1 event of this act, the last one first.')).toBeVisible();
  await expect(admin).toHaveURL(/\/history\?batch=\d+$/);
  await expect(admin.getByRole('row', { name: 'natetest' }).getByRole('button', { name: 'Undo disable' })).toBeVisible();
  await admin.getByRole('link', { name: 'Whole history' }).click();
  await expect(admin.getByText(/^The newest \d+ events, the last one first\.$/)).toBeVisible();
  await expect(admin).toHaveURL('/history');
});

test('a list asked for before an act does not bring back who was ended', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  let answer = () => {};
  const held = new Promise<void>((done) => (answer = done));
  await admin.route('**/api/sessions/list', async (route) => {
    const old = await route.fetch();
    await held;
    await route.fulfill({ response: old }).catch(() => undefined);
  }, { times: 1 });
  await admin.getByRole('checkbox', { name: 'Select natetest' }).check();
  await admin.getByRole('button', { name: 'Refresh' }).click();
  await choose(admin, 'End');
  await expect(row(admin, 'natetest').getByText('Ended')).toBeVisible();
  answer();
  await admin.waitForLoadState('networkidle');
  await expect(row(admin, 'natetest').getByText('Ended')).toBeVisible();
});

test('an End that fails says so and can be tried again', async ({ loggedIn, complaints, product }) => {
  const admin = await everybody(product, loggedIn);
  await admin.route('**/api/sessions/end', async (route) => await route.fulfill({ status: 503, json: 'unavailable' }), { times: 1 });
  await admin.getByRole('checkbox', { name: 'Select natetest' }).check();
  await choose(admin, 'End');
  const toast = admin.getByRole('alert').filter({ hasText: 'The database does not answer. Nothing was changed.' });
  await expect(toast).toBeVisible();
  await complaints.expectStatus(503);
  await toast.getByRole('button', { name: 'Try again' }).click();
  await expect(admin.getByText('Ended 1 session of natetest')).toBeVisible();
  await expect(toast).toHaveCount(0);
});

test('what nobody knows is not called nothing', async ({ loggedIn, complaints, product }) => {
  const admin = await everybody(product, loggedIn);
  await admin.route('**/api/sessions/end', async (route) => await route.fulfill({ status: 503, json: 'outcome_unknown' }), { times: 1 });
  await admin.getByRole('checkbox', { name: 'Select natetest' }).check();
  await choose(admin, 'End');
  await expect(admin.getByText(/It is not known whether this was done/)).toBeVisible();
  await expect(admin.getByText(/Nothing was ended/)).toHaveCount(0);
  await complaints.expectStatus(503);
});

test('what nobody knows is not called nothing by the next try either', async ({ loggedIn, complaints, product }) => {
  const admin = await everybody(product, loggedIn);
  await admin.route('**/api/sessions/end', async (route) => {
    // It was done, and the answer got lost.
    await route.fetch();
    await route.abort();
  }, { times: 1 });
  await admin.getByRole('checkbox', { name: 'Select natetest' }).check();
  await choose(admin, 'End');
  await expect(admin.getByText('The server does not answer. Try again.')).toBeVisible();
  await complaints.expectLine(/net::ERR_FAILED/);
  // The try finds the session over before the page hears of it.
  await admin.route('**/api/sessions/end', async (route) => {
    product.endSessions('admin01');
    await route.continue();
  });
  await admin.getByRole('button', { name: 'Try again' }).click();
  await expect(admin).toHaveURL(/\/sign-in/);
  await expect(admin.getByText('It is not known whether this was done: the history tells.')).toBeVisible();
  complaints.take(/responded with a status of 401/);
});

test('a commit that fails stays in the dialog, and goes through at the second try', async ({ loggedIn, complaints, product }) => {
  const admin = await everybody(product, loggedIn);
  await admin.route('**/api/sessions/commit', async (route) => await route.fulfill({ status: 503, json: 'unavailable' }), { times: 1 });
  for (const name of ['natetest', 'nate.miller']) await admin.getByRole('checkbox', { name: `Select ${name}`, exact: true }).check();
  await choose(admin, 'End');
  const dialog = admin.getByRole('alertdialog');
  await dialog.getByRole('button', { name: 'End sessions of 2 users' }).click();
  await expect(dialog.getByRole('alert')).toHaveText('The database does not answer. Nothing was changed. Try again.');
  await complaints.expectStatus(503);
  await dialog.getByRole('button', { name: 'End sessions of 2 users' }).click();
  await expect(admin.getByText('2 ended', { exact: true })).toBeVisible();
});

test('a plan in steps that stops says how many are done, and goes on', async ({ loggedIn, complaints, product }) => {
  const admin = await everybody(product, loggedIn);
  for (const name of ['natetest', 'nate.miller']) await admin.getByRole('checkbox', { name: `Select ${name}`, exact: true }).check();
  await choose(admin, 'End');
  // The first step is done of 20,000, the second fails as often as it is tried.
  await inSteps(admin, (route, step) => (step < 6 ? route.fulfill({ status: 503, json: 'unavailable' }) : route.continue()));
  await admin.getByRole('alertdialog').getByRole('button', { name: 'End sessions of 2 users' }).click();
  await expect(admin.getByRole('alertdialog')).toBeHidden();
  const toast = admin.getByRole('alert').filter({ hasText: '10,000 ended, 10,000 left. The database does not answer.' });
  await expect(toast).toBeVisible({ timeout: 10_000 });
  await complaints.expectStatusAgain(503);
  await expect(admin.getByRole('progressbar')).toHaveCount(0);

  // Neither another act nor another page takes it away.
  await admin.getByRole('button', { name: 'Clear', exact: true }).click();
  await admin.getByRole('checkbox', { name: 'Select kahumanu' }).check();
  await choose(admin, 'End');
  await expect(admin.getByText('Ended 1 session of kahumanu')).toBeVisible();
  await (await openPanel(admin, 'admin02')).getByRole('link', { name: 'View account' }).click();
  await expect(admin.getByRole('heading', { name: 'User Account Information' })).toBeVisible();
  await toast.getByRole('button', { name: 'Go on' }).click();
  await expect(toast).toHaveCount(0);
  await expect(admin.getByText('2 ended', { exact: true })).toBeVisible();
});

test('a plan in steps goes on by itself after a moment without the database', async ({ loggedIn, complaints, product }) => {
  const admin = await everybody(product, loggedIn);
  for (const name of ['natetest', 'nate.miller']) await admin.getByRole('checkbox', { name: `Select ${name}`, exact: true }).check();
  await choose(admin, 'End');
  await inSteps(admin, (route, step) => (step < 4 ? route.fulfill({ status: 503, json: 'unavailable' }) : route.continue()));
  await admin.getByRole('alertdialog').getByRole('button', { name: 'End sessions of 2 users' }).click();
  await expect(admin.getByRole('progressbar')).toBeVisible();
  await expect(admin.getByText('2 ended', { exact: true })).toBeVisible();
  await expect(admin.getByRole('button', { name: 'Go on' })).toHaveCount(0);
  await complaints.expectStatus(503);
  await complaints.expectStatus(503);
});

test('a plan of another session says so, not that there is no page', async ({ loggedIn, complaints, product }) => {
  const admin = await everybody(product, loggedIn);
  await deaf(admin);
  for (const name of ['natetest', 'nate.miller']) await admin.getByRole('checkbox', { name: `Select ${name}`, exact: true }).check();
  await choose(admin, 'End');
  const again = await admin.context().newPage();
  await again.goto('/me');
  await logOut(again, 'admin01');
  await logIn(again, 'admin01');
  await expect(again).toHaveURL('/sessions');
  await complaints.expectLine(/^Clear-Site-Data header/);
  await again.close();
  const dialog = admin.getByRole('alertdialog');
  await dialog.getByRole('button', { name: 'End sessions of 2 users' }).click();
  await expect(dialog.getByRole('alert')).toHaveText(/^This was prepared in another session\./);
  await complaints.expectStatus(404);
});

test('an administrator who is ended before he confirms is told at the log-in page', async ({ loggedIn, complaints, product }) => {
  const admin = await everybody(product, loggedIn);
  await deaf(admin);
  for (const name of ['natetest', 'nate.miller']) await admin.getByRole('checkbox', { name: `Select ${name}`, exact: true }).check();
  await choose(admin, 'End');
  const button = admin.getByRole('alertdialog').getByRole('button', { name: 'End sessions of 2 users' });
  // Ended after the plan was made, not meanwhile.
  await expect(button).toBeVisible();
  product.endSessions('admin01');
  await button.click();
  await expect(admin.getByText('You were logged out by an administrator.')).toBeVisible();
  await expect(admin.getByText('Nothing was done.')).toBeVisible();
  await complaints.expectStatus(401);
});

test('ending oneself alone asks, and tells at the log-in page what was done', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await admin.getByRole('checkbox', { name: 'Select admin01' }).check();
  await choose(admin, 'End');
  const dialog = admin.getByRole('alertdialog');
  await expect(dialog.getByRole('heading', { name: 'End your own session?' })).toBeVisible();
  await expect(dialog.getByText('You will be logged out.')).toBeVisible();
  await dialog.getByRole('button', { name: 'End your own session' }).click();
  await expect(admin.getByRole('heading', { name: 'Log in' })).toBeVisible();
  await expect(admin.getByText('Ended 1 session of admin01')).toBeVisible();
});

test('a double click in the panel ends one session', async ({ loggedIn, product }) => {
  for (let session = 0; session < 3; session++) await product.logIn('natetest');
  const admin = await everybody(product, loggedIn);
  const panel = await openPanel(admin, 'natetest');
  const ends = panel.getByRole('button', { name: /^End session of/ });
  await expect(ends).toHaveCount(4);
  // The next session slides under the pointer before the second click.
  const box = (await ends.first().boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await admin.mouse.move(x, y);
  await admin.mouse.down({ clickCount: 1 });
  await admin.mouse.up({ clickCount: 1 });
  await expect(ends).toHaveCount(3);
  await admin.mouse.down({ clickCount: 2 });
  await admin.mouse.up({ clickCount: 2 });
  await admin.waitForTimeout(300);
  await expect(ends).toHaveCount(3);
  await keepsFocus(admin);
});

test('who is chosen while another act is under way is not ended, is said to be so, and stays selected', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  let ends = 0;
  let go = () => {};
  const held = new Promise<void>((done) => (go = done));
  await admin.route('**/api/sessions/end', async (route) => {
    ends += 1;
    await held;
    await route.continue();
  });
  const waits = admin.getByText('This did not begin, because another act is still under way. Choose again when it is done.');
  await clickRow(admin, 'natetest');
  await choose(admin, 'End');
  // The same once more is the same act.
  await choose(admin, 'End');
  await expect(waits).toHaveCount(0);
  await clickRow(admin, 'nate.miller');
  await choose(admin, 'End');
  await expect(waits).toBeVisible();
  go();
  await expect(row(admin, 'natetest').getByText('Ended')).toBeVisible();
  await expect(waits).toBeVisible();
  expect(ends).toBe(1);
  await choose(admin, 'End');
  await expect(row(admin, 'nate.miller').getByText('Ended')).toBeVisible();
});

test('a double click commits once', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  const commits: string[] = [];
  admin.on('request', (request) => request.url().endsWith('/api/sessions/commit') && commits.push(request.url()));
  for (const name of ['natetest', 'nate.miller']) await admin.getByRole('checkbox', { name: `Select ${name}`, exact: true }).check();
  await choose(admin, 'End');
  await admin.getByRole('alertdialog').getByRole('button', { name: 'End sessions of 2 users' }).dblclick();
  await expect(admin.getByText('2 ended', { exact: true })).toBeVisible();
  expect(commits).toHaveLength(1);
});

test('nobody but oneself and another administrator: no button until they are ticked', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  for (const name of ['admin01', 'admin02']) await admin.getByRole('checkbox', { name: `Select ${name}` }).check();
  await choose(admin, 'End & Disable');
  const dialog = admin.getByRole('alertdialog');
  await expect(dialog.getByText('SIS administrators: admin02 will be skipped.')).toBeVisible();
  await expect(dialog.getByRole('button', { name: /^End & Disable/ })).toHaveCount(0);
  await dialog.getByLabel('Also disable 1 SIS administrator: admin02').check();
  await expect(dialog.getByRole('button', { name: 'End & Disable admin02' })).toBeVisible();
});

test('gestures with Shift, the mixed header, and the selection over another order', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  const sort = async () => await admin.getByRole('columnheader', { name: 'User Name', exact: true }).getByText('User Name').click();
  await sort();
  await expect.poll(() => names(admin)).toEqual(['admin01', 'admin02', 'kahumanu', 'nate.miller', 'natetest']);
  const chosen = async () => await admin.locator('tr[aria-selected=true]').evaluateAll((rows) => rows.map((row) => row.querySelector('.text')!.textContent));
  await clickRow(admin, 'admin01');
  await clickRow(admin, 'kahumanu', 'ControlOrMeta');
  await clickRow(admin, 'natetest', 'ControlOrMeta', 'Shift');
  expect(await chosen()).toEqual(['admin01', 'kahumanu', 'nate.miller', 'natetest']);
  await expect(admin.locator('thead input[type=checkbox]')).toHaveJSProperty('indeterminate', true);

  await admin.getByRole('checkbox', { name: 'Select natetest' }).click();
  await admin.getByRole('checkbox', { name: 'Select kahumanu' }).click({ modifiers: ['Shift'] });
  expect(await chosen()).toEqual(['admin01']);

  await sort();
  await expect.poll(() => names(admin)).toEqual(['natetest', 'nate.miller', 'kahumanu', 'admin02', 'admin01']);
  expect(await chosen()).toEqual(['admin01']);
});

test('the focus is never lost', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await admin.getByRole('checkbox', { name: 'Select natetest' }).check();
  await admin.getByRole('button', { name: 'Clear', exact: true }).press('Enter');
  await expect(admin.getByRole('button', { name: 'Clear', exact: true })).toHaveCount(0);
  await keepsFocus(admin);

  await filter(admin, 'User Name').fill('nate');
  await admin.getByRole('button', { name: 'Clear filters (1)' }).press('Enter');
  await expect(admin.getByRole('button', { name: /Clear filters/ })).toHaveCount(0);
  await expect.poll(async () => (await names(admin)).length).toBe(5);
  await keepsFocus(admin);

  await admin.getByRole('checkbox', { name: 'Select natetest' }).check();
  await choose(admin, 'End');
  await admin.getByRole('button', { name: 'Close message' }).press('Enter');
  await expect(admin.getByRole('button', { name: 'Close message' })).toHaveCount(0);
  await keepsFocus(admin);

  // A Refresh takes the row away that has it.
  await clickRow(admin, 'kahumanu');
  product.usm(['session', 'end', '--user-name', '=kahumanu']);
  await expect(async () => {
    await admin.evaluate(() => document.querySelector<HTMLElement>('.refresh')!.click());
    await expect(row(admin, 'kahumanu')).toHaveCount(0, { timeout: 500 });
  }).toPass();
  await expect.poll(() => focused(admin)).toBe('th');
});

test('on a narrow screen the panel that covers the list has the focus', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  const wide = await openPanel(admin, 'natetest');
  await expect(wide).not.toBeFocused();
  await admin.keyboard.press('Escape');
  await admin.setViewportSize({ width: 400, height: 720 });
  const panel = await openPanel(admin, 'natetest');
  await expect(panel).toBeFocused();
  await admin.keyboard.press('Escape');
  await expect(panel).toBeHidden();
  await keepsFocus(admin);
});

test('Esc in an empty box closes the narrow screen\'s filters', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await admin.setViewportSize({ width: 400, height: 720 });
  await admin.getByRole('button', { name: 'Filter', exact: true }).click();
  const box = filter(admin, 'User Name');
  await box.fill('nate');
  await box.press('Escape');
  await expect(box).toHaveValue('');
  await expect(box).toBeVisible();
  await box.press('Escape');
  await expect(box).toBeHidden();
});

test.describe('a long list', () => {
  test.use({ district: { accounts: 400, sessions: 300 } });

  test('Refresh keeps the place', async ({ loggedIn }) => {
    test.slow();
    const admin = await loggedIn('admin01');
    await hydrated(admin);
    const list = admin.locator('.list-scroll');
    await list.evaluate((list) => (list.scrollTop = 2000));
    const refreshed = admin.waitForResponse('**/api/sessions/list');
    await admin.getByRole('button', { name: 'Refresh' }).click();
    await refreshed;
    await expect(admin.locator('table')).not.toHaveAttribute('aria-busy', 'true');
    expect(await list.evaluate((list) => list.scrollTop)).toBe(2000);
    await expect(selected(admin)).toHaveCount(0);
  });
});
