// A list longer than the window: rows come where one scrolls to, and go again.
import type { Page } from '@playwright/test';
import { choose, deaf, filter, scrollTo, users } from './list.ts';
import { expect, hydrated, type Product, test } from './product.ts';

test.use({ district: { accounts: 6500, sessions: 5600, lasting: true } });

type Shown = { index: number; id: string; top: number };

/** The rows in the page but for the active one that is scrolled away; places in the result from 0. */
const rows = async (page: Page): Promise<Shown[]> => await page.locator('tr[data-id]:not(.afar)').evaluateAll((rows) => rows.map((row) => ({
  index: Number(row.getAttribute('aria-rowindex')) - 3, id: row.getAttribute('data-id')!, top: row.getBoundingClientRect().top,
})));

/** The ids that the server puts at these places. */
const answered = async (page: Page, offset: number, limit: number, sort = 'user_name'): Promise<string[]> => {
  return await page.evaluate(async (asked) => {
    const response = await fetch('/api/sessions/list', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(asked) });
    return (await response.json()).rows.map((row: { id: number }) => String(row.id));
  }, { query: { filters: ['', '', '', '', ''], sort }, offset, limit });
};

/** The row at a place in the result. */
const at = (page: Page, index: number) => page.locator(`tr[aria-rowindex='${index + 3}']`);

/** The `aria-rowindex` of the row that has the focus. */
const active = async (page: Page) => await page.evaluate(() => document.activeElement?.closest('tr')?.getAttribute('aria-rowindex'));

/** Where what is in sight begins, below the headers, and where it ends. */
const viewOf = async (page: Page) => await page.locator('.list-scroll').evaluate((list) => ({ top: list.querySelector('thead')!.getBoundingClientRect().bottom, bottom: list.getBoundingClientRect().bottom }));

/** Every place in sight has its row, the right one. */
const wholeView = async (page: Page, about: number, sort?: string) => {
  await expect(async () => {
    const shown = await rows(page);
    const [first] = shown;
    expect(first, 'rows').toBeDefined();
    expect(Math.abs(first!.index - about)).toBeLessThan(30);
    expect(shown.map((row) => row.index)).toEqual(shown.map((_, place) => first!.index + place));
    expect(shown.map((row) => row.id)).toEqual(await answered(page, first!.index, shown.length, sort));
    const view = await viewOf(page);
    expect(shown[0]!.top).toBeLessThanOrEqual(view.top);
    expect(shown.at(-1)!.top + 37).toBeGreaterThanOrEqual(view.bottom - 16);
    expect(shown.length).toBeLessThan(80);
  }).toPass({ timeout: 5_000 });
};

test('the bar leads anywhere also after the keyboard went to the last row', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  const all = await users(page);
  await page.locator("tr[aria-rowindex='5'] .last_name").click();
  for (const share of [0.9, 0.1, 0.5]) {
    await page.keyboard.press('Control+End');
    await expect.poll(async () => await active(page)).toBe(String(all + 2));
    // Also while the last rows are on their way: then the focus is there from before.
    await scrollTo(page, await page.locator('.list-scroll').evaluate((list, share) => (list.scrollHeight - list.clientHeight) * share, share));
    await wholeView(page, Math.round((all - 13) * share));
    expect(await active(page), 'the focus stays where it is').toBe(String(all + 2));
  }
});

test('hundreds who leave above move nothing that is in sight at the end of the list either', async ({ loggedIn, product }) => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  const all = await users(page);
  await scrollTo(page, (all - 40) * 37);
  await wholeView(page, all - 50);
  const marked = (await rows(page))[14]!;
  const top = async () => await page.locator(`tr[data-id='${marked.id}']`).evaluate((row) => row.getBoundingClientRect().top);
  product.usm(['session', 'end', '--user-name', '^2']);
  await expect.poll(async () => all - (await users(page))).toBeGreaterThan(250);
  expect(await top()).toBe(marked.top);
  const asked = page.waitForResponse('**/api/sessions/list');
  await page.getByRole('button', { name: 'Refresh' }).click();
  await asked;
  await wholeView(page, (await users(page)) - 50);
  expect(Math.abs((await top()) - marked.top), 'it stays in sight where it was').toBeLessThan(2);
});

/** In the middle of the list, from above which hundreds have left: how many there were before, and a row in sight with its place. */
const leftAbove = async (page: Page, product: Product) => {
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  const all = await users(page);
  await scrollTo(page, 2_500 * 37);
  await wholeView(page, 2_490);
  const view = await viewOf(page);
  const marked = (await rows(page)).find((row) => row.top > view.top + 100)!;
  const place = async () => await page.locator(`tr[data-id='${marked.id}']`).evaluate((row) => row.getBoundingClientRect().top);
  // Pupils are numbers, and stand first.
  product.usm(['session', 'end', '--user-name', '^2']);
  await expect.poll(async () => all - (await users(page)), { message: 'more than an answer holds' }).toBeGreaterThan(250);
  return { all, marked, place };
};

test('hundreds who leave above move nothing that is in sight, nor where scrolling on leads', async ({ loggedIn, product }) => {
  const page = await loggedIn('admin01');
  const { all, marked, place } = await leftAbove(page, product);
  expect(await place(), 'nothing moves').toBe(marked.top);
  const scrollBy = async (rows: number) => await page.locator('.list-scroll').evaluate((list, by) => { list.scrollTop += by; }, rows * 37);
  const asked = page.waitForResponse('**/api/sessions/list');
  await scrollBy(90);
  await asked;
  await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
  // Where the bar stands after it was put right, the list goes on.
  const first = (await rows(page))[0]!;
  expect(await answered(page, first.index, 1)).toEqual([first.id]);
  await scrollBy(-90);
  await expect.poll(async () => Math.abs(marked.top - (await place())), { message: 'back where it was' }).toBeLessThan(2);
  await wholeView(page, 2_490 - (all - (await users(page))));

  // Nor where one has scrolled back before the answer comes.
  const left = await users(page);
  product.usm(['session', 'end', '--user-name', '^31|^32|^33|^34']);
  await expect.poll(async () => left - (await users(page))).toBeGreaterThan(100);
  let arrive = () => {};
  const held = new Promise<void>((done) => (arrive = done));
  await page.route('**/api/sessions/list', async (route) => {
    await held;
    await route.continue();
  }, { times: 1 });
  const sent = page.waitForRequest('**/api/sessions/list');
  await scrollBy(90);
  await sent;
  await scrollBy(-80);
  const came = page.waitForResponse('**/api/sessions/list');
  arrive();
  await came;
  await wholeView(page, 2_500 - (all - (await users(page))));
  expect(Math.abs((await place()) - (marked.top - 10 * 37)), 'ten rows on').toBeLessThan(2);
});

test('hundreds who leave above move nothing for whoever scrolls past the rows that are there, or on as others come', async ({ loggedIn, product }) => {
  const page = await loggedIn('admin01');
  const { all, marked, place } = await leftAbove(page, product);
  // No row of those that are there is in sight any more, and the answer comes before the way back begins.
  let arrive = () => {};
  const held = new Promise<void>((done) => (arrive = done));
  await page.route('**/api/sessions/list', async (route) => {
    await held;
    await route.continue();
  }, { times: 1 });
  await scrollTo(page, (2_500 + 150) * 37);
  await expect.poll(async () => (await rows(page)).length, { message: 'stripes' }).toBe(0);
  const bar = async () => await page.locator('.list-scroll').evaluate((list) => list.scrollTop);
  const [before, came] = [await bar(), page.waitForResponse('**/api/sessions/list')];
  arrive();
  await came;
  await expect.poll(async () => (await rows(page)).length).toBeGreaterThan(0);
  await wholeView(page, 2_640 - (all - (await users(page))));
  const put = await bar();
  expect(Math.round((before - put) / 37), 'the bar shows the place among those who are left').toBe(all - (await users(page)));
  await scrollTo(page, put - 150 * 37);
  await expect.poll(async () => Math.abs(marked.top - (await place())), { message: 'back where it was' }).toBeLessThan(2);

  // Scrolled as an answer arrives, which the page hears of after it: its rows are taken before the next frame.
  const left = await users(page);
  product.usm(['session', 'end', '--user-name', '^31|^32|^33|^34']);
  await expect.poll(async () => left - (await users(page))).toBeGreaterThan(100);
  await page.evaluate(() => {
    const { arrayBuffer } = Response.prototype;
    Response.prototype.arrayBuffer = async function () {
      const read = await arrayBuffer.call(this);
      if (this.url.endsWith('/api/sessions/list')) {
        Response.prototype.arrayBuffer = arrayBuffer;
        document.querySelector('.list-scroll')!.scrollTop += 10 * 37;
      }
      return read;
    };
  });
  const asked = page.waitForResponse('**/api/sessions/list');
  await page.getByRole('button', { name: 'Refresh' }).click();
  await asked;
  await wholeView(page, 2_500 - (all - (await users(page))));
  await expect.poll(async () => Math.abs((await place()) - (marked.top - 10 * 37)), { message: 'ten rows on' }).toBeLessThan(2);
});

test('the active row stays in the page when its user gets another place, and the panel stays his', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=-count');
  await hydrated(page);
  await scrollTo(page, 100 * 37);
  await wholeView(page, 100, '-count');
  const id = (await rows(page))[20]!.id;
  const mine = page.locator(`tr[data-id='${id}']`);
  await mine.getByRole('link').click();
  const panel = page.getByRole('complementary');
  const ends = panel.getByRole('button', { name: /^End session of / });
  await expect.poll(() => ends.count()).toBeGreaterThan(1);
  const sessions = await ends.count();
  await ends.first().click();
  await expect(ends).toHaveCount(sessions - 1);
  const name = await panel.getAttribute('aria-label');
  await mine.getByRole('link').focus();
  const before = await mine.getAttribute('aria-rowindex');
  await scrollTo(page, 220 * 37);
  await expect.poll(async () => Number(await mine.getAttribute('aria-rowindex'))).toBeGreaterThan(Number(before) + 200);
  await wholeView(page, 220, '-count');
  expect(await page.evaluate(() => document.activeElement?.closest('tr')?.getAttribute('data-id')), 'the focus').toBe(id);
  await expect(panel).toHaveAttribute('aria-label', name!);
});

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
  const focused = async () => Number(await active(page)) - 3;
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

test('rows are asked for before they come into sight, and until they come there are stripes', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  await wholeView(page, 0);
  // The 200 rows at hand end far below what is in sight.
  let asked = 0;
  await page.route('**/api/sessions/list', async (route) => {
    asked += 1;
    await new Promise((done) => setTimeout(done, 1_500));
    await route.continue();
  });
  await scrollTo(page, 100 * 37);
  await page.waitForTimeout(200);
  expect(asked).toBe(0);
  await scrollTo(page, 150 * 37);
  await expect.poll(() => asked, { timeout: 1_000 }).toBe(1);
  const shown = await rows(page);
  expect(shown.some((row) => row.index === 171), 'all in sight are there').toBe(true);
  await scrollTo(page, 3_000 * 37);
  await expect(page.locator('table')).toHaveAttribute('aria-busy', 'true');
  await expect.poll(async () => (await rows(page)).length).toBe(0);
  expect(await page.locator('.list-scroll tbody').evaluate((body) => getComputedStyle(body).backgroundImage)).toContain('gradient');
  await wholeView(page, 2_990);
});

test('another filter begins at its first row', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  await scrollTo(page, 2_000 * 37);
  await wholeView(page, 1_990);
  const all = await users(page);
  await filter(page, 'User Name').fill('a');
  await expect.poll(async () => (await rows(page))[0]?.index).toBe(0);
  await expect(page.locator('.list-count')).toContainText(` of ${all.toLocaleString('en')} users`);
  // To those who do not see it: what is shown, and how long the list is.
  const matching = /^[\d,]+/.exec((await page.locator('.list-count').textContent())!)![0];
  await expect(page.locator('.selection')).toContainText(`Showing ${matching} of ${all.toLocaleString('en')}.`);
  await expect(page.locator('table')).toHaveAttribute('aria-rowcount', String(Number(matching.replace(',', '')) + 2));
  await filter(page, 'User Name').fill('');
  await wholeView(page, 0);
});

test('coming alive does not style the page anew', async ({ browser, loggedIn }) => {
  const page = await loggedIn('admin01');
  await browser.startTracing(page, { categories: ['devtools.timeline'] });
  await page.goto('/sessions');
  await hydrated(page);
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: { name: string; args: { elementCount?: number } }[] };
  const styled = traceEvents.filter(({ name }) => name === 'UpdateLayoutTree').map(({ args }) => args.elementCount ?? 0);
  const sum = styled.reduce((sum, elements) => sum + elements, 0);
  // Two hundred rows, of which each has some fifteen elements. What is styled for the first time within the list does not count here.
  expect(sum, styled.join(', ')).toBeGreaterThan(200);
  expect(sum, styled.join(', ')).toBeLessThan(2_500);
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
  await at(page, 2).locator('.last_name').click();
  await scrollTo(page, 3_000 * 37);
  await wholeView(page, 2_990);
  await at(page, 3_003).locator('.last_name').click({ modifiers: ['Shift'] });
  await expect(bar).toContainText('3,002 users selected');
  await expect(at(page, 3_002)).toHaveAttribute('aria-selected', 'true');
  await expect(at(page, 3_004)).toHaveAttribute('aria-selected', 'false');
  await at(page, 3_000).getByRole('checkbox').click();
  await expect(bar).toContainText('3,001 users selected');
  await choose(page, 'End');
  // admin01 herself is in the range, and left out.
  await expect(page.getByRole('alertdialog', { name: 'End sessions of 3,000 users?' })).toBeVisible();
});

test.describe('while a range is asked for', () => {
  /** The third row is the anchor, and the list is scrolled far from it; the answer about a range waits until `go`. */
  const afar = async (loggedIn: (name: string) => Promise<Page>) => {
    const page = await loggedIn('admin01');
    await page.goto('/sessions?sort=user_name');
    await deaf(page);
    const click = async (index: number, ...modifiers: ('Shift' | 'Control')[]) => await at(page, index).locator('.last_name').click({ modifiers });
    await click(2);
    await scrollTo(page, 3_000 * 37);
    await wholeView(page, 2_990);
    let go = () => {};
    const held = new Promise<void>((done) => { go = done; });
    await page.route('**/api/sessions/range', async (route) => { await held; await route.continue(); });
    return { page, click, go, bar: page.locator('.selection') };
  };

  test('what is toggled meanwhile counts, in its order', async ({ loggedIn }) => {
    const { page, click, go, bar } = await afar(loggedIn);
    await click(3_003, 'Shift');
    await expect(page.getByRole('grid')).toHaveAttribute('aria-busy', 'true');
    await click(3_000, 'Control');
    await click(3_008, 'Control');
    await click(3_010, 'Control', 'Shift');
    go();
    await expect(bar).toContainText('3,004 users selected');
    await expect(at(page, 3_000)).toHaveAttribute('aria-selected', 'false');
    await expect(at(page, 3_009)).toHaveAttribute('aria-selected', 'true');
    await expect(page.getByRole('grid')).not.toHaveAttribute('aria-busy');
  });

  test('a click makes the answer void, and the boxes show who is selected', async ({ loggedIn }) => {
    const { page, click, go, bar } = await afar(loggedIn);
    await at(page, 3_003).getByRole('checkbox').click({ modifiers: ['Shift'] });
    await expect(at(page, 3_003).getByRole('checkbox')).toBeChecked();
    await click(3_005);
    await expect(at(page, 3_003).getByRole('checkbox')).not.toBeChecked();
    const answered = page.waitForResponse('**/api/sessions/range');
    go();
    await (await answered).finished();
    await expect(bar).toContainText('1 user selected');
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await expect(bar).toContainText('1 user selected');
    await expect(at(page, 3_005)).toHaveAttribute('aria-selected', 'true');
  });

  test('End means who is selected once it is answered', async ({ loggedIn }) => {
    const { page, click, go } = await afar(loggedIn);
    await click(3_003, 'Shift');
    await choose(page, 'End');
    await page.evaluate(() => new Promise((done) => setTimeout(done, 200)));
    await expect(page.getByRole('alertdialog')).toHaveCount(0);
    go();
    // admin01 herself is in the range, and left out.
    await expect(page.getByRole('alertdialog', { name: 'End sessions of 3,001 users?' })).toBeVisible();
  });

  test('an End that waits strikes nobody but whom it was chosen for', async ({ loggedIn, complaints }) => {
    const { page, click, go, bar } = await afar(loggedIn);
    const toast = page.locator('.toast');
    const acts: string[] = [];
    page.on('request', (request) => /sessions\/(plan|end)$/.test(request.url()) && acts.push(request.url()));
    // Another row is clicked before the answer comes: it is in sight, and would be ended at once.
    await click(3_003, 'Shift');
    await choose(page, 'End');
    await click(3_005);
    await expect(toast).toHaveText(/^Nothing was ended, because other users were selected meanwhile\. Choose again\./);
    await expect(bar).toContainText('1 user selected');
    const answered = page.waitForResponse('**/api/sessions/range');
    go();
    await (await answered).finished();
    // The range cannot be had: whoever is selected already was not meant.
    await scrollTo(page, 100 * 37);
    await wholeView(page, 90);
    await page.unroute('**/api/sessions/range');
    let fail = () => {};
    const held = new Promise<void>((done) => { fail = done; });
    await page.route('**/api/sessions/range', async (route) => { await held; await route.abort(); }, { times: 1 });
    await click(103, 'Shift');
    await choose(page, 'End');
    fail();
    await expect(toast).toContainText('The server does not answer. Try again.');
    await complaints.expectLine(/net::ERR_FAILED/);
    await page.waitForTimeout(200);
    expect(acts).toEqual([]);
    await expect(bar).toContainText('1 user selected');
  });

  test('whoever leaves the page meanwhile is not disturbed by it', async ({ loggedIn }) => {
    const { page, click, go } = await afar(loggedIn);
    await at(page, 3_003).getByRole('link').click();
    await click(3_003, 'Shift');
    await page.getByRole('link', { name: 'View account' }).click();
    await expect(page).toHaveURL(/accounts/);
    const answered = page.waitForResponse('**/api/sessions/range');
    go();
    await (await answered).finished();
    // Another page that hydrated in silence: `complaints` would hold a panic.
    await page.goBack();
    await expect(page.locator('.selection')).toContainText('1 user selected');
  });

  test('one that cannot be answered changes nothing and says so', async ({ loggedIn, complaints }) => {
    const { page, bar } = await afar(loggedIn);
    await page.unroute('**/api/sessions/range');
    const box = at(page, 3_003).getByRole('checkbox');
    await page.route('**/api/sessions/range', async (route) => await route.fulfill({ status: 200, json: [] }), { times: 1 });
    await box.click({ modifiers: ['Shift'] });
    const toast = page.locator('.toast');
    const gone = 'That user is no longer in the list, so nothing was selected. Press Refresh and select again.';
    await expect(toast).toContainText(gone);
    await expect(box).not.toBeChecked();
    await expect(bar).toContainText('1 user selected');
    await page.route('**/api/sessions/range', async (route) => await route.abort(), { times: 1 });
    await box.click({ modifiers: ['Shift'] });
    await expect(toast).not.toContainText(gone);
    await expect(toast).toBeVisible();
    await expect(box).not.toBeChecked();
    await expect(bar).toContainText('1 user selected');
    await complaints.expectLine(/net::ERR_FAILED/);
  });

  test('from an anchor that left the list it is the row alone, and the next one begins there', async ({ loggedIn, product }) => {
    const { page, click, go, bar } = await afar(loggedIn);
    go();
    const [anchor] = await answered(page, 2, 1);
    const name = await page.locator(`tr.afar[data-id='${anchor}'] .user_name .text`).textContent();
    product.endSessions(name!);
    await expect.poll(async () => await answered(page, 2, 1)).not.toEqual([anchor]);
    await click(3_003, 'Shift');
    await expect(bar).toContainText('1 user selected');
    await expect(at(page, 3_003)).toHaveAttribute('aria-selected', 'true');
    await click(3_006, 'Shift');
    await expect(bar).toContainText('4 users selected');
  });
});

test('the numbers of a large selection follow who leaves', async ({ loggedIn, product }) => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  // Nothing while the server is still counting.
  const sessions = async () => /· ([\d,]+) sessions/.exec((await page.locator('.selection').textContent())!)?.[1]?.replace(',', '');
  const [name, next] = (await Promise.all([5, 7].map((index) => at(page, index).locator('.user_name .text').textContent()))) as [string, string];
  const [count, more] = (await Promise.all([5, 7].map((index) => at(page, index).locator('.count').textContent()))).map(Number) as [number, number];
  await at(page, 3).locator('.last_name').click();
  await scrollTo(page, 1_500 * 37);
  await wholeView(page, 1_490);
  await at(page, 1_500).locator('.last_name').click({ modifiers: ['Shift'] });
  await expect(page.locator('.selection')).toContainText(/1,498 users selected · [\d,]+ sessions/);
  const before = Number(await sessions());
  // Only looks: what the page asks by itself keeps nobody's session alive.
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  product.endSessions(name);
  await expect.poll(sessions, { timeout: 10_000 }).toBe(String(before - count));
  expect(new Set(asked)).toEqual(new Set(['/api/sessions/look']));
  // Refresh brings them too, where nothing else tells.
  await page.route('**/api/sessions/look', () => undefined);
  product.endSessions(next);
  // The server hears of it a moment later.
  await expect(async () => {
    await page.getByRole('button', { name: 'Refresh' }).click();
    await expect.poll(sessions, { timeout: 1_000 }).toBe(String(before - count - more));
  }).toPass({ timeout: 10_000 });
});

test('who leaves keeps his place for five seconds also while the list is scrolled', async ({ loggedIn, product }) => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  await scrollTo(page, 1_000 * 37);
  await wholeView(page, 990);
  let lists = 0;
  page.on('response', (response) => { lists += Number(response.url().endsWith('/api/sessions/list')); });
  // As far as the rows at hand reach.
  let top = 1_000;
  for (; lists === 0; top += 1) {
    await scrollTo(page, top * 37);
    await page.waitForTimeout(30);
  }
  await expect(page.locator('table')).not.toHaveAttribute('aria-busy', 'true');
  // Nearly to the end of those that came, and then on until others are asked for: he is in sight all the time.
  top += 65;
  await scrollTo(page, top * 37);
  const row = page.locator(`tr[aria-rowindex='${top + 18}']`);
  const name = (await row.locator('.user_name .text').textContent())!;
  const gone = page.locator(`tr[data-id='${await row.getAttribute('data-id')}']`);
  lists = 0;
  product.endSessions(name);
  await expect(gone).toContainText('Ended');
  const ended = Date.now();
  expect(lists, 'asked before he was gone').toBe(0);
  for (; lists === 0; top += 1) {
    await scrollTo(page, top * 37);
    await page.waitForTimeout(30);
  }
  await expect(page.locator('table')).not.toHaveAttribute('aria-busy', 'true');
  const shown = await gone.count();
  expect(Date.now() - ended).toBeLessThan(2_500);
  expect(shown).toBe(1);
});

test('who was taken out of all that match, one by one, is out under every filter, and the others are ticked', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  const bar = page.locator('.selection');
  const all = await users(page);
  await page.getByRole('checkbox', { name: /^Select all / }).check();
  await at(page, 0).getByRole('checkbox').click();
  await scrollTo(page, 1_500 * 37);
  await wholeView(page, 1_490);
  await at(page, 1_500).getByRole('checkbox').click({ modifiers: ['Shift'] });
  const left = `${(all - 1_501).toLocaleString('en')} users selected`;
  await expect(bar).toContainText(left);
  // Another filter, which matches all the same: the rows of the page answer to it.
  await filter(page, 'Count').fill('>0');
  await wholeView(page, 0);
  await expect(bar).toContainText(left);
  await expect(at(page, 3)).toHaveAttribute('aria-selected', 'false');
  await scrollTo(page, 2_000 * 37);
  await wholeView(page, 1_990);
  await expect(at(page, 2_003)).toHaveAttribute('aria-selected', 'true');
  await at(page, 2_003).getByRole('checkbox').click();
  await expect(bar).toContainText(`${(all - 1_502).toLocaleString('en')} users selected`);
  await expect(at(page, 2_003)).toHaveAttribute('aria-selected', 'false');
});

test('after an account and Back the list stands where it stood', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  await scrollTo(page, 2_000 * 37);
  await wholeView(page, 1_990);
  await expect(page).toHaveURL(/offset=2000$/);
  await page.locator("tr[aria-rowindex='2006']").getByRole('link').click();
  await page.getByRole('link', { name: 'View account' }).click();
  await expect(page.getByRole('heading', { name: /^Active sessions/ })).toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL(/offset=2000$/);
  await expect.poll(async () => (await rows(page))[0]?.index ?? 0).toBe(1_990);
});

test('after a filter and Back the list stands where it stood, however few matched', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  await scrollTo(page, 2_000 * 37);
  await expect(page).toHaveURL(/offset=2000$/);
  await page.locator('a.site').click();
  await expect.poll(async () => (await rows(page))[0]?.index).toBe(0);
  await filter(page, 'User Name').fill('=admin01');
  await expect(page.locator('table')).toHaveAttribute('aria-rowcount', '3');
  await page.goBack();
  await wholeView(page, 1_990);
  await page.waitForTimeout(500);
  expect((await rows(page))[0]!.index).toBe(1_990);
  await expect(page).toHaveURL(/sort=user_name&offset=2000$/);
});

test('a reload stands where it stood, however often', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  await scrollTo(page, 2_000 * 37);
  await expect(page).toHaveURL(/offset=2000$/);
  await page.locator("tr[aria-rowindex='2010'] .last_name").click();
  await expect(page.locator('.selection')).toContainText('1 user selected');
  for (let turn = 0; turn < 3; turn += 1) {
    await page.reload();
    await hydrated(page);
    await wholeView(page, 1_990);
    await expect(page.locator('.selection'), 'nobody is selected unseen').not.toContainText('selected');
    await page.waitForTimeout(500);
    expect(await rows(page).then(([first]) => first!.index)).toBe(1_990);
    expect(page.url()).toMatch(/offset=2000$/);
  }
  await scrollTo(page, 0);
  await expect(page).toHaveURL(/sort=user_name$/);
});

test('in a list higher than browsers let an element be the bar leads anywhere, and a wheel moves the rows by as much', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  // Five thousand of them are.
  const high = 1_500;
  await page.evaluate((high) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`.list tbody tr { min-height: ${high - 1}px !important; }`);
    document.adoptedStyleSheets = [sheet];
  }, high);
  await page.setViewportSize({ width: 1280, height: 700 });
  const all = await users(page);
  const list = page.locator('.list-scroll');
  await expect.poll(async () => await page.locator('.list-scroll tbody').evaluate((body) => body.getBoundingClientRect().height)).toBe(6_000_000);
  /** Pixels of the whole list above what is in sight, where every place in sight has its row. */
  const above = async () => {
    let place = 0;
    await expect(async () => {
      const view = await viewOf(page);
      const shown = (await rows(page)).filter((row) => row.top < view.bottom && row.top + high > view.top);
      const [first] = shown;
      expect(first, 'rows').toBeDefined();
      expect(shown.map((row) => row.index)).toEqual(shown.map((_, place) => first!.index + place));
      expect(first!.top).toBeLessThanOrEqual(view.top + 1);
      expect(shown.at(-1)!.top + high).toBeGreaterThanOrEqual(view.bottom - 16);
      expect(shown.map((row) => row.id)).toEqual(await answered(page, first!.index, shown.length));
      place = first!.index * high - (first!.top - view.top);
    }).toPass({ timeout: 5_000 });
    return place;
  };
  const box = (await list.boundingBox())!;
  await page.mouse.move(box.x + 300, box.y + 200);
  // Where nobody listens, Chromium now and then loses a wheel that the driver turns.
  await list.evaluate((list) => list.addEventListener('wheel', () => undefined, { passive: true }));
  for (const share of [0.5, 0.05, 0.97, 0.25]) {
    await list.evaluate((list, share) => { list.scrollTop = (list.scrollHeight - list.clientHeight) * share; }, share);
    const there = await above();
    expect(Math.abs(there / (all * high) - share)).toBeLessThan(0.01);
    let wheeled = 0;
    for (const by of [120, 120, 360, -240, 1_000]) {
      await page.mouse.wheel(0, by);
      wheeled += by;
      await expect.poll(async () => Math.abs((await above()) - there - wheeled), `${by} at ${share}`).toBeLessThanOrEqual(2);
    }
  }
  // The bar, which went further than the rows, is put right under rows that stand.
  for (let turn = 0; turn < 25; turn++) {
    await page.mouse.wheel(0, 600);
    await page.waitForTimeout(40);
  }
  const there = await above();
  await page.waitForTimeout(400);
  expect(Math.abs((await above()) - there)).toBeLessThanOrEqual(2);
  /** How far the bar is from where it belongs, by the rows in sight, and the height of what is in sight. */
  const astray = async (there: number) => {
    const [bar, span, view] = await list.evaluate((list) => {
      const head = list.querySelector('thead')!.clientHeight;
      return [list.scrollTop, list.scrollHeight - list.clientHeight, list.clientHeight - head] as const;
    });
    return [Math.abs(bar - (there / (all * high - view)) * span), view] as const;
  };
  const [far, view] = await astray(there);
  expect(far).toBeLessThan(4 * view);
  // Both ends by keyboard; near the beginning the first row stands above the element of them all.
  await filter(page, 'Last Name').focus();
  for (const [key, index] of [['ArrowDown', 0], ['Control+End', all - 1], ['Control+Home', 0], ['ArrowDown', 1], ['ArrowDown', 2], ['ArrowDown', 3]] as const) {
    await page.keyboard.press(key);
    await expect.poll(async () => await active(page)).toBe(String(index + 3));
    const [far] = await astray(await above());
    expect(far, `${key} to ${index}`).toBeLessThan(60);
  }
});

test('a screen that shows more rows than an answer holds asks for them once', async ({ loggedIn }) => {
  const page = await loggedIn('admin01', { viewport: { width: 1280, height: 9_000 } });
  let lists = 0;
  page.on('request', (request) => { lists += Number(request.url().endsWith('/api/sessions/list')); });
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  await page.waitForTimeout(500);
  expect(lists).toBe(0);
  await scrollTo(page, 1_000 * 37);
  await expect(page.locator("tr[aria-rowindex='1010']")).toBeVisible();
  await page.waitForTimeout(500);
  expect(lists).toBe(1);
});

test('the focus on its way to a row stays where somebody types meanwhile', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  await scrollTo(page, 3_000 * 37);
  await wholeView(page, 2_990);
  await page.locator("tr[aria-rowindex='3003'] .last_name").click();
  let go = () => {};
  const held = new Promise<void>((done) => { go = done; });
  await page.route('**/api/sessions/list', async (route) => { await held; await route.continue(); }, { times: 1 });
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('ArrowUp');
  await expect(filter(page, 'Last Name')).toBeFocused();
  const answered = page.waitForResponse('**/api/sessions/list');
  go();
  await (await answered).finished();
  await expect(page.locator("tr[aria-rowindex='3']")).toBeVisible();
  await page.waitForTimeout(200);
  await expect(filter(page, 'Last Name')).toBeFocused();
});

test('on a screen that is turned the first row in sight stays it', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await page.goto('/sessions?sort=user_name');
  await hydrated(page);
  await scrollTo(page, 3_000 * 37);
  await wholeView(page, 3_000);
  const first = async () => {
    const { top } = await viewOf(page);
    return (await rows(page)).find((row) => row.top >= top - 1)!.index;
  };
  const before = await first();
  const heights = new Set<number>();
  for (const size of [{ width: 400, height: 800 }, { width: 800, height: 400 }, { width: 1_280, height: 720 }]) {
    await page.setViewportSize(size);
    await expect.poll(async () => Math.abs(await first() - before), { message: `${size.width} px` }).toBeLessThanOrEqual(1);
    heights.add(await page.locator('tr[data-id]:not(.afar)').first().evaluate((row) => row.getBoundingClientRect().height));
  }
  expect(heights.size, 'the rows have other heights').toBeGreaterThan(1);
});
