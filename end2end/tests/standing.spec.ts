// What was out of sight is covered until its session is known to live; a session that is about to idle out is warned of.
import type { Page } from '@playwright/test';
import { filter, row } from './list.ts';
import { expect, hydrated, logIn, logOut, SERVER_GONE, sendPlan, setHidden, test, withBackForwardCache } from './product.ts';

const ENDED = 'You were logged out by an administrator.';
const CHECKING = 'Checking whether you are still logged in…';
const NO_ANSWER = 'The server does not answer. Trying again…';
const cover = (page: Page) => page.locator('.standing.cover');
const warning = (page: Page) => page.getByRole('alertdialog', { name: 'Your session' });

/** Holds up every question how the session stands; answers how to let them go on. */
const holdUp = async (page: Page) => {
  let go = () => {};
  const gone = new Promise<void>((done) => (go = done));
  await page.route('**/live?*', async (route) => {
    await gone;
    // The page that asked may be left by now.
    await route.continue().catch(() => undefined);
  });
  return go;
};

/** Nothing else that the page may ask makes it leave. */
const asksNothingElse = async (page: Page) => await page.route('**/api/**', () => new Promise(() => {}));

/** How many colours the page has, as it is painted. */
const colours = async (page: Page) => {
  const picture = (await page.screenshot()).toString('base64');
  const judge = await page.context().newPage();
  const found = await judge.evaluate(async (picture) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d')!;
    canvas.drawImage(image, 0, 0);
    return new Set(new Uint32Array(canvas.getImageData(0, 0, image.width, image.height).data.buffer)).size;
  }, picture);
  await judge.close();
  return found;
};

const isCovered = async (page: Page) => {
  await expect(cover(page)).toBeVisible();
  await expect(row(page, 'admin01')).toHaveCount(0);
  for (const part of ['.top-bar', 'main', '.toasts']) await expect(page.locator(part)).toBeHidden();
};

test('back in sight a page is covered until its session is known to live, and is as it was', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await hydrated(page);
  const box = filter(page, 'User Name');
  await box.fill('admin');
  const go = await holdUp(page);
  await setHidden(page, true);
  await isCovered(page);
  expect(await colours(page)).toBe(1);
  await setHidden(page, false);
  await expect(page.getByRole('status').filter({ hasText: CHECKING })).toBeVisible();
  await isCovered(page);
  for (const key of ['Escape', 'Escape', 'Tab', 'Tab', 'Control+k', 'x']) await page.keyboard.press(key);
  await isCovered(page);
  go();
  await expect(row(page, 'admin01')).toBeVisible();
  await expect(page.locator('.standing')).toBeHidden();
  await expect(box).toHaveValue('admin');
  await expect(box).toBeFocused();
});

test('a page that was in sight all the time is never covered, and a quick answer says nothing', async ({ loggedIn }) => {
  const page = await loggedIn('admin01');
  await hydrated(page);
  await page.evaluate(() => {
    const seen: string[] = Object.assign(window, { seen: [] }).seen;
    const dialog = document.querySelector('.standing')!;
    new MutationObserver(() => seen.push(`${dialog.className}: ${dialog.querySelector('p')!.textContent!.trim()}`))
      .observe(dialog, { attributes: true, childList: true, characterData: true, subtree: true });
  });
  const seen = async () => await page.evaluate(() => (window as unknown as { seen: string[] }).seen.filter((what) => what !== 'confirm standing: '));
  const asked = page.waitForResponse('**/live?*');
  await page.evaluate(() => new BroadcastChannel('usm-live').postMessage('ended'));
  await asked;
  await page.getByRole('button', { name: 'Refresh' }).click();
  expect(await seen()).toEqual([]);
  await setHidden(page, true);
  await setHidden(page, false);
  await expect(row(page, 'admin01')).toBeVisible();
  expect(new Set(await seen())).toEqual(new Set(['confirm standing cover: ']));
});

test('a page whose session was ended out of sight leaves without showing anything', async ({ loggedIn, product }) => {
  const page = await loggedIn('admin01');
  await hydrated(page);
  await setHidden(page, true);
  await asksNothingElse(page);
  product.endSessions('admin01');
  const go = await holdUp(page);
  await setHidden(page, false);
  await expect(page.getByText(CHECKING)).toBeVisible();
  await isCovered(page);
  go();
  await expect(page.getByText(ENDED)).toBeVisible();
});

test('ended while the server was killed: the page stays covered, says so, and leaves when the server is back', async ({ loggedIn, product, complaints }) => {
  const page = await loggedIn('admin01');
  await hydrated(page);
  await setHidden(page, true);
  await product.stop('SIGKILL');
  product.endSessions('admin01');
  await setHidden(page, false);
  await expect(page.getByText(NO_ANSWER)).toBeVisible();
  await isCovered(page);
  await product.start();
  await expect(page.getByText(ENDED)).toBeVisible();
  // A list that was being read as the server was killed asks again as well, and may be told first.
  complaints.take(/status of 401/);
  complaints.take(SERVER_GONE);
});

test('told of its end by a stream while nothing else answers, a page covers itself, and leaves when it is told so', async ({ loggedIn, product, complaints }) => {
  const page = await loggedIn('admin01');
  // This page asks for nothing by itself.
  await page.goto('/me');
  await hydrated(page);
  await page.route(/\/live\b/, async (route) => (route.request().method() === 'HEAD' ? await route.fulfill({ status: 503 }) : await route.continue()));
  product.endSessions('admin01');
  await expect(page.getByText(NO_ANSWER)).toBeVisible();
  await isCovered(page);
  await page.unroute(/\/live\b/);
  await expect(page.getByText(ENDED)).toBeVisible();
  await complaints.expectStatusAgain(503);
});

test('a visible page whose session ends while the server is killed leaves when the server is back', async ({ loggedIn, product, complaints }) => {
  const page = await loggedIn('admin01');
  await hydrated(page);
  await product.stop('SIGKILL');
  product.endSessions('admin01');
  await product.start();
  // The stream is tried again after two seconds.
  await expect(page.getByText(ENDED)).toBeVisible({ timeout: 10_000 });
  complaints.take(/status of 401/);
  complaints.take(SERVER_GONE);
});

test('offline a page stays covered, and is itself again when the network is back', async ({ loggedIn, complaints }) => {
  const page = await loggedIn('admin01');
  await hydrated(page);
  await setHidden(page, true);
  await page.context().setOffline(true);
  // Chromium may let one more request through.
  await expect.poll(() => page.evaluate(() => fetch('/healthz', { cache: 'no-store' }).catch(() => 'offline'))).toBe('offline');
  await setHidden(page, false);
  await expect(page.getByText(NO_ANSWER)).toBeVisible();
  await isCovered(page);
  await page.context().setOffline(false);
  await expect(row(page, 'admin01')).toBeVisible();
  await expect(cover(page)).toBeHidden();
  complaints.take(/ERR_INTERNET_DISCONNECTED/);
});

test('a page that is the answer to a form leaves without sending it again', async ({ loggedIn, product }) => {
  await product.logIn('natetest');
  const page = await loggedIn('admin01');
  await hydrated(page);
  await page.getByRole('checkbox', { name: 'Select natetest' }).check();
  const streamed = page.waitForResponse(/\/live$/);
  await sendPlan(page, 'end');
  await hydrated(page);
  await streamed;
  const sent: string[] = [];
  page.on('request', (request) => request.method() === 'POST' && sent.push(request.url()));
  product.endSessions('admin01');
  await expect(page.getByText(ENDED)).toBeVisible();
  expect(sent).toEqual([]);
});

test('a page of somebody else is not shown again', async ({ loggedIn, complaints }) => {
  const page = await loggedIn('admin01');
  await hydrated(page);
  await setHidden(page, true);
  await asksNothingElse(page);
  const other = await page.context().newPage();
  await other.goto('/me');
  await logOut(other, 'admin01');
  await complaints.expectLine(/^Clear-Site-Data header/);
  await logIn(other, 'natetest');
  await expect(other).toHaveURL('/me');
  await setHidden(page, false);
  await expect(page.getByText(/^Only users assigned a Product Security Role/)).toBeVisible();
  await complaints.expectStatus(403);
});

test('a page that Back restores is covered, and leaves where its session is over', async ({ browser, product, complaints }) => {
  const own = await withBackForwardCache(browser);
  const context = await own.newContext({ baseURL: product.url });
  await complaints.watch(context);
  await context.addInitScript(() => {
    // Chromium gives up a kept page in which a script runs, and collecting garbage runs this one.
    Reflect.deleteProperty(window, 'FinalizationRegistry');
    addEventListener('pageshow', (event) => {
      if (event.persisted) document.documentElement.dataset.restored = `${document.querySelector('.standing')!.className}`;
    });
  });
  const page = await context.newPage();
  // Chromium keeps no page that may not be stored and has asked for more of the kind; other browsers may.
  for (const path of ['**/me', '**/help']) {
    await page.route(path, async (route) => {
      const answer = await route.fetch({ maxRedirects: 0 });
      const headers = { ...answer.headers(), 'cache-control': 'no-cache' };
      await route.fulfill({ response: answer, headers });
    });
  }
  await logIn(page, 'natetest');
  await expect(page).toHaveURL('/me');
  // This tab has the stream, and the other waits for it: that keeps nobody from coming back.
  const holder = await context.newPage();
  await page.goto('/help');
  await holder.goto('/me');
  await hydrated(holder);
  await expect.poll(async () => await holder.evaluate(async () => (await navigator.locks.query()).held!.length)).toBe(1);
  // What a form led to passes no route.
  await page.goto('/me');
  await hydrated(page);
  await expect.poll(async () => await page.evaluate(async () => (await navigator.locks.query()).pending!.length)).toBe(1);

  const leaveAndComeBack = async () => {
    await page.goto('/help');
    await hydrated(page);
    const go = await holdUp(page);
    await page.evaluate(() => history.back());
    // It is the very page that was left, and was covered before anybody saw it.
    await expect(page.locator('html[data-restored]')).toHaveAttribute('data-restored', 'confirm standing cover');
    await expect(page).toHaveURL('/me');
    await expect(page.getByText(CHECKING)).toBeVisible();
    await expect(page.getByRole('heading', { name: 'My account' })).toHaveCount(0);
    for (const part of ['.top-bar', 'main']) await expect(page.locator(part)).toBeHidden();
    return go;
  };
  let go = await leaveAndComeBack();
  go();
  await expect(page.getByRole('heading', { name: 'My account' })).toBeVisible();
  await page.unroute('**/live?*');
  await holder.close();

  await page.evaluate(() => delete document.documentElement.dataset.restored);
  go = await leaveAndComeBack();
  product.usm(['session', 'end', '--user-name', '=natetest']);
  go();
  await expect(page.getByText(ENDED)).toBeVisible();
  await own.close();
});

test.describe('sessions that idle out after ten seconds', () => {
  // Half of them, and the time that activity goes unwritten.
  const SOON = { timeout: 10_000 };
  test.beforeEach(async ({ product }) => {
    await product.stop();
    product.options = ['--idle-timeout', '10s'];
    await product.start();
  });

  test('a warning comes in time, staying prolongs the session, and without it the page leaves', async ({ loggedIn }) => {
    const page = await loggedIn('admin01');
    await hydrated(page);
    await filter(page, 'User Name').focus();
    await expect(warning(page)).toBeVisible(SOON);
    await expect(warning(page)).toHaveAccessibleDescription(/^You will be logged out at \d\d:\d\d [AP]M\.$/);
    await expect(page.getByRole('button', { name: 'Stay logged in' })).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(warning(page)).toBeHidden();
    await expect(filter(page, 'User Name')).toBeFocused();
    // Esc is somebody too.
    await expect(warning(page)).toBeVisible(SOON);
    await page.keyboard.press('Escape');
    await expect(warning(page)).toBeHidden();
    await expect(warning(page)).toBeVisible(SOON);
    await expect(page.getByText('You were logged out because your session timed out.')).toBeVisible({ timeout: 15_000 });
  });

  test('activity in another tab takes the warning back', async ({ loggedIn }) => {
    const page = await loggedIn('admin01');
    await hydrated(page);
    const other = await page.context().newPage();
    await other.goto('/me');
    await expect(warning(page)).toBeVisible(SOON);
    await other.reload();
    await expect(warning(page)).toBeHidden();
  });

  test('the warning can log out', async ({ loggedIn, complaints }) => {
    const page = await loggedIn('natetest');
    await hydrated(page);
    await warning(page).getByRole('button', { name: 'Log out' }).click(SOON);
    await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
    await expect(page).toHaveURL('/sign-in');
    await complaints.expectLine(/^Clear-Site-Data header/);
  });
});
