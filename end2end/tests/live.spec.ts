// Pages follow what happens elsewhere: rows come and go by themselves, but never move under whoever works with them.
import type { Page } from '@playwright/test';
import { everybody, filter, names, openPanel, row, scrollTo, selected, users } from './list.ts';
import { expect, hydrated, logIn, SERVER_GONE, setHidden, test } from './product.ts';

const live = (page: Page) => page.locator('.updated').getByText('Live', { exact: true });
const newOnes = (page: Page) => page.getByRole('button', { name: /^(↑ )?\d+ new$/ });
const tops = async (page: Page) => await page.locator('tr[data-id]').evaluateAll((rows) => rows.map((row) => [row.getAttribute('data-id'), row.getBoundingClientRect().top]));

test('who logs in comes into the list by himself while nobody works with it', async ({ loggedIn, product }) => {
  const admin = await loggedIn('admin01');
  await expect(live(admin)).toBeVisible();
  await product.logIn('natetest');
  await expect(row(admin, 'natetest')).toBeVisible();
  expect(await names(admin)).toEqual(['natetest', 'admin01']);
  await expect(admin.locator('.list-count')).toHaveText('2 users · 2 sessions');
  await expect(newOnes(admin)).toBeHidden();
});

for (const [what, work] of [
  ['selects', async (page: Page) => await row(page, 'kahumanu').getByRole('checkbox').check()],
  ['points at the rows', async (page: Page) => await row(page, 'kahumanu').hover()],
  ['stands in the rows by keyboard', async (page: Page) => {
    await filter(page, 'User Name').press('ArrowDown');
    await page.mouse.move(5, 5);
  }],
  ['looks at a panel', async (page: Page) => {
    await row(page, 'kahumanu').getByRole('link').click();
    await page.mouse.move(5, 5);
    await page.getByRole('button', { name: 'Refresh' }).focus();
  }],
] as const) {
  test(`who logs in waits while somebody ${what}`, async ({ loggedIn, product }) => {
    await product.logIn('kahumanu');
    const admin = await loggedIn('admin01');
    await hydrated(admin);
    await expect(live(admin)).toBeVisible();
    await work(admin);
    const before = await tops(admin);
    await product.logIn('natetest');
    await product.logIn('nate.miller');
    await expect(newOnes(admin)).toHaveText('↑ 2 new');
    expect(await tops(admin)).toEqual(before);
    await expect(admin.locator('.list-count')).toHaveText('4 users · 4 sessions');
    await newOnes(admin).click();
    await expect(row(admin, 'natetest')).toBeVisible();
    expect(await names(admin)).toEqual(['nate.miller', 'natetest', 'admin01', 'kahumanu']);
    await expect(newOnes(admin)).toBeHidden();
    if (what === 'selects') await expect(selected(admin)).toContainText('1 user selected');
  });
}

test('only those that match wait', async ({ loggedIn, product }) => {
  const admin = await loggedIn('admin01');
  await filter(admin, 'User Name').fill('a');
  await expect(live(admin)).toBeVisible();
  await filter(admin, 'User Name').fill('^nate');
  await row(admin, 'admin01').waitFor({ state: 'detached' });
  await product.logIn('natetest');
  await expect(row(admin, 'natetest')).toBeVisible();
  await row(admin, 'natetest').getByRole('checkbox').check();
  await product.logIn('kahumanu');
  await product.logIn('nate.miller');
  await expect(newOnes(admin)).toHaveText('↑ 1 new');
});

test('who waits comes in as soon as nobody works with the rows any more', async ({ loggedIn, product }) => {
  await product.logIn('natetest');
  const admin = await loggedIn('admin01');
  await hydrated(admin);
  await expect(live(admin)).toBeVisible();
  await row(admin, 'natetest').getByRole('checkbox').check();
  await product.logIn('kahumanu');
  await expect(newOnes(admin)).toHaveText('↑ 1 new');
  await admin.mouse.move(5, 5);
  await admin.waitForTimeout(1_000);
  await expect(row(admin, 'kahumanu')).toBeHidden();
  await admin.getByRole('button', { name: 'Clear', exact: true }).click();
  await expect(row(admin, 'kahumanu')).toBeVisible();
  // By the keyboard alone: the focus leaves the rows.
  await row(admin, 'natetest').locator('.last_name').focus();
  await product.logIn('nate.miller');
  await expect(newOnes(admin)).toHaveText('↑ 1 new');
  await admin.keyboard.press('Tab');
  await expect(row(admin, 'nate.miller')).toBeVisible();
});

test('counts change in place, and whoever leaves keeps his place with a badge', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await row(admin, 'natetest').getByRole('checkbox').check();
  const before = await tops(admin);
  const created = row(admin, 'kahumanu').locator('.created');
  const first = (await created.textContent())!;
  // Times are shown in seconds.
  await admin.waitForTimeout(1_100);
  await product.logIn('kahumanu');
  await expect(row(admin, 'kahumanu').getByRole('gridcell').last()).toHaveText('2');
  await expect(created).not.toHaveText(first);
  product.usm(['session', 'end', '--user-name', '=nate.miller']);
  await expect(row(admin, 'nate.miller')).toContainText('Ended');
  product.usm(['account', 'disable', 'natetest']);
  await expect(row(admin, 'natetest')).toContainText('Disabled');
  expect(await tops(admin)).toEqual(before);
  await expect(admin.locator('.list-count')).toHaveText('3 users · 4 sessions');
  await admin.getByRole('button', { name: 'Refresh' }).click();
  // The selection keeps him: he is told as not shown.
  await expect(selected(admin)).toHaveText(/1 user selected · 0 sessions/);
});

test('whoever leaves while nobody works with the list keeps his place as well', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await admin.mouse.move(5, 5);
  const before = await tops(admin);
  product.usm(['session', 'end', '--user-name', '=nate.miller']);
  await expect(row(admin, 'nate.miller')).toContainText('Ended');
  product.usm(['account', 'disable', 'natetest']);
  await expect(row(admin, 'natetest')).toContainText('Disabled');
  expect(await tops(admin)).toEqual(before);
  await expect(admin.locator('.list-count')).toHaveText('3 users · 3 sessions');
  // After five seconds the next that comes takes them away.
  await admin.waitForTimeout(5_200);
  await product.logIn('kahumanu');
  await expect(row(admin, 'nate.miller')).toBeHidden();
  await expect(row(admin, 'natetest')).toBeHidden();
});

test('the panel keeps the focus where it is while others come and go', async ({ loggedIn, product }) => {
  await product.logIn('natetest');
  const admin = await loggedIn('admin01');
  await expect(live(admin)).toBeVisible();
  const panel = await openPanel(admin, 'natetest');
  const activity = panel.getByText(/^active /).first();
  const end = panel.getByRole('button', { name: /^End session of/ });
  await end.focus();
  const before = await activity.textContent();
  await admin.waitForTimeout(1_100);
  await product.logIn('kahumanu');
  await expect(activity).not.toHaveText(before!);
  await expect(end).toBeFocused();
});

test('the panel follows', async ({ loggedIn, product }) => {
  await product.logIn('natetest');
  const admin = await loggedIn('admin01');
  await hydrated(admin);
  await expect(live(admin)).toBeVisible();
  const panel = await openPanel(admin, 'natetest');
  await expect(panel.getByRole('button', { name: 'End all 1' })).toBeVisible();
  await product.logIn('natetest');
  await expect(panel.getByRole('button', { name: 'End all 2' })).toBeVisible();
  product.usm(['session', 'end', '--user-name', '=natetest']);
  await expect(panel.getByText('No active sessions.')).toBeVisible();
});

test('a page whose session is ended leaves by itself, wherever it is', async ({ loggedIn, product }) => {
  const teacher = await loggedIn('natetest');
  await hydrated(teacher);
  const admin = await loggedIn('admin02');
  await admin.goto('/history');
  await hydrated(admin);
  for (const [page, name] of [[teacher, 'natetest'], [admin, 'admin02']] as const) {
    product.endSessions(name);
    await expect(page.getByText('You were logged out by an administrator.')).toBeVisible();
  }
  await logIn(admin, 'admin02');
  await expect(admin).toHaveURL('/history');
});

test('the tabs of a browser share one stream, and the next one takes it over', async ({ loggedIn, product }) => {
  const first = await loggedIn('admin01');
  await hydrated(first);
  await expect(live(first)).toBeVisible();
  const opened: string[] = [];
  first.context().on('request', (request) => {
    if (request.url().endsWith('/live') && request.method() === 'GET') opened.push(request.url());
  });
  const second = await first.context().newPage();
  await second.goto('/sessions');
  await hydrated(second);
  await expect(live(second)).toBeVisible();
  await product.logIn('natetest');
  for (const page of [first, second]) await expect(row(page, 'natetest')).toBeVisible();
  expect(opened).toEqual([]);

  await first.close();
  await expect.poll(() => opened.length).toBe(1);
  product.usm(['session', 'end', '--user-name', '=natetest']);
  await expect(second.locator('.list-count')).toHaveText('1 user · 1 session');
});

test('a page out of sight takes no part, and catches up when it is back', async ({ loggedIn, product }) => {
  const admin = await loggedIn('admin01');
  await hydrated(admin);
  await expect(live(admin)).toBeVisible();
  await setHidden(admin, true);
  await expect(live(admin)).toBeHidden();
  await product.logIn('natetest');
  await admin.waitForTimeout(1_000);
  await expect(admin.locator('tr[data-id]')).toHaveCount(1);
  await setHidden(admin, false);
  await expect(row(admin, 'natetest')).toBeVisible();
  await expect(live(admin)).toBeVisible();
  await setHidden(admin, true);
  product.endSessions('admin01');
  await admin.waitForTimeout(500);
  await expect(admin).toHaveURL('/sessions');
  await setHidden(admin, false);
  await expect(admin.getByText('You were logged out by an administrator.')).toBeVisible();
});

test('a tab out of sight asks for nothing while another one has the stream', async ({ loggedIn, product }) => {
  const first = await loggedIn('admin01');
  await hydrated(first);
  await expect(live(first)).toBeVisible();
  const second = await first.context().newPage();
  await second.goto('/sessions');
  await hydrated(second);
  await setHidden(first, true);
  await expect(live(second)).toBeVisible();
  const looks: string[] = [];
  first.on('request', (request) => looks.push(request.url()));
  await product.logIn('natetest');
  await expect(row(second, 'natetest')).toBeVisible();
  expect(looks).toEqual([]);
  await setHidden(first, false);
  await expect(row(first, 'natetest')).toBeVisible();
});

test('an answer about the list before a refresh changes nothing in the one after it', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await expect(live(admin)).toBeVisible();
  await row(admin, 'kahumanu').getByRole('checkbox').check();
  let arrive = () => undefined as void;
  const arrived = new Promise<void>((done) => (arrive = done));
  let answered = false;
  await admin.route('**/api/sessions/look', async (route) => {
    const answer = await route.fetch();
    answered = true;
    await arrived;
    await route.fulfill({ response: answer });
  }, { times: 1 });
  await product.logIn('nate.miller');
  await expect.poll(() => answered).toBe(true);
  await admin.getByRole('button', { name: 'Refresh' }).click();
  await expect(row(admin, 'nate.miller')).toBeVisible();
  const seen = admin.waitForResponse('**/api/sessions/look');
  arrive();
  await seen;
  // Later looks would put it right again.
  await admin.waitForTimeout(200);
  expect(await newOnes(admin).isVisible()).toBe(false);
});

test('a failed filter is not forgotten at the next news', async ({ loggedIn, complaints, product }) => {
  const admin = await everybody(product, loggedIn);
  await expect(live(admin)).toBeVisible();
  await admin.route('**/api/sessions/list', (route) => route.fulfill({ status: 503, json: 'unavailable' }));
  await filter(admin, 'User Name').fill('nate');
  const trouble = admin.getByText('The database does not answer.').first();
  await expect(trouble).toBeVisible();
  await complaints.expectStatusAgain(503);
  const looked = admin.waitForResponse('**/api/sessions/look');
  await product.logIn('kahumanu');
  await looked;
  await admin.waitForTimeout(200);
  await expect(trouble).toBeVisible();
});

test('a list that has lost the database says so until it follows again', async ({ loggedIn, complaints, product }) => {
  const admin = await everybody(product, loggedIn);
  await expect(live(admin)).toBeVisible();
  const away = '**/api/sessions/look';
  await admin.route(away, (route) => route.fulfill({ status: 503, json: 'unavailable' }));
  await product.logIn('kahumanu');
  await expect(admin.getByText('Live paused, the list is behind')).toBeVisible();
  await expect(live(admin)).toBeHidden();
  await complaints.expectStatusAgain(503);
  // Out of sight it asks nothing.
  const asked: string[] = [];
  admin.on('request', (request) => asked.push(request.url()));
  await setHidden(admin, true);
  await admin.waitForTimeout(500);
  asked.length = 0;
  await admin.waitForTimeout(2_500);
  expect(asked).toEqual([]);
  await admin.unroute(away);
  await setHidden(admin, false);
  await expect(live(admin)).toBeVisible();
});

test('a lost stream is told and found again', async ({ loggedIn, product, complaints }) => {
  const admin = await loggedIn('admin01');
  await hydrated(admin);
  await expect(live(admin)).toBeVisible();
  await product.stop();
  await expect(admin.getByText(/^Live paused, reconnecting in \d+ s/)).toBeVisible();
  await product.start();
  await expect(live(admin)).toBeVisible({ timeout: 20_000 });
  await product.logIn('natetest');
  await expect(row(admin, 'natetest')).toBeVisible();
  // Refresh tries at once, however long it would wait.
  await product.stop();
  await expect(admin.getByText(/^Live paused/)).toBeVisible();
  await admin.waitForTimeout(4_000);
  await product.start();
  await admin.getByRole('button', { name: 'Refresh' }).click();
  await expect(live(admin)).toBeVisible({ timeout: 1_000 });
  expect(complaints.take(SERVER_GONE)).toBeGreaterThan(0);
});

test.describe('a long list', () => {
  test.use({ district: { accounts: 1_000, sessions: 900, lasting: true } });

  test('what comes above never moves the rows in sight, nor does scrolling on', async ({ loggedIn, product }) => {
    const admin = await loggedIn('admin01');
    await hydrated(admin);
    await expect(live(admin)).toBeVisible();
    await admin.mouse.move(600, 500);
    await scrollTo(admin, 60 * 37);
    const inSight = async () => {
      const head = await admin.locator('.list-scroll thead').evaluate((head) => head.getBoundingClientRect().bottom);
      return (await tops(admin)).filter(([, top]) => (top as number) >= head && (top as number) < 600);
    };
    await expect.poll(async () => (await inSight()).length).toBeGreaterThan(8);
    const before = await inSight();
    for (let time = 0; time < 3; time += 1) await product.logIn('admin01');
    await expect(newOnes(admin)).toHaveText('↑ 1 new');
    expect(await inSight()).toEqual(before);
    // So far that other rows are asked for: they are counted from the top, where one more stands now.
    const [marked] = before.at(-1)!;
    const place = async () => await admin.locator(`tr[data-id='${marked}']`).evaluate((row) => row.getBoundingClientRect().top);
    const scrollTop = async () => await admin.locator('.list-scroll').evaluate((list) => list.scrollTop);
    const asked = admin.waitForResponse(/api\/sessions\/list/);
    const [from, at] = [await place(), await scrollTop()];
    await admin.locator('.list-scroll').evaluate((list) => { list.scrollTop += 90 * 37; });
    await asked;
    await expect(admin.locator('[aria-busy=true]')).toHaveCount(0);
    await admin.locator('.list-scroll').evaluate((list) => { list.scrollTop -= 90 * 37; });
    await expect.poll(async () => Math.abs((from - (await place())) - ((await scrollTop()) - at)), { message: 'as far as the bar' }).toBeLessThan(2);
  });

  test('however much happens, the page is painted at most four times a second', async ({ loggedIn, product }) => {
    const admin = await loggedIn('admin01');
    await hydrated(admin);
    await expect(live(admin)).toBeVisible();
    const people = (await names(admin)).filter((name) => !name.startsWith('admin'));
    const before = await users(admin);
    const paints = await admin.evaluateHandle(() => {
      const paints: number[] = [];
      const watched = document.querySelector('.list-count')!;
      new MutationObserver(() => {
        const now = performance.now();
        // What one answer changes in two places is one.
        if (now - (paints.at(-1) ?? 0) > 20) paints.push(now);
      }).observe(watched, { subtree: true, childList: true, characterData: true });
      return paints;
    });
    for (const name of people) {
      product.endSessions(name);
      // More often than four times a second.
      await admin.waitForTimeout(120);
    }
    await expect(admin.locator('.list-count')).toContainText(`${before - people.length} users`);
    const times = await paints.jsonValue();
    expect(times.length, 'it follows').toBeGreaterThan(4);
    const gaps = times.slice(4).map((time, at) => time - times[at]!);
    expect(Math.min(...gaps), `four paints within ${gaps.join(', ')} ms`).toBeGreaterThan(900);
  });
});
