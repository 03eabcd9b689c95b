// The list where a screen is small, zoomed or touched, and where somebody asks for too much.
import type { Page } from '@playwright/test';
import { choose, deaf, everybody, filter, names, row, selected } from './list.ts';
import { expect, hydrated, test } from './product.ts';

/** Elements that scroll across, those that scroll both ways, and the page's own width. */
const scrolling = async (page: Page) =>
  await page.evaluate(() => {
    const can = (element: Element, axis: 'X' | 'Y') => {
      const style = getComputedStyle(element)[`overflow${axis}`];
      const more = axis === 'X' ? element.scrollWidth - element.clientWidth : element.scrollHeight - element.clientHeight;
      const isPage = element === document.scrollingElement;
      return more > 1 && (isPage ? style !== 'hidden' : style === 'auto' || style === 'scroll');
    };
    const found = [...document.querySelectorAll('*')].filter((element) => can(element, 'X') && can(element, 'Y'));
    return { bothWays: found.map((element) => element.className || element.tagName), width: document.documentElement.scrollWidth };
  });

test.describe('400 % zoom', () => {
  // 1280 × 1024 at 400 %.
  const zoomed = { viewport: { width: 320, height: 256 } };
  test.use({ district: { accounts: 400, sessions: 60 } });

  test('the list and its acts can be used, and nothing but the grid scrolls both ways', async ({ loggedIn }) => {
    const page = await loggedIn('admin01', zoomed);
    await hydrated(page);
    const fits = async (what: string) => {
      const { bothWays, width } = await scrolling(page);
      expect.soft(bothWays.filter((name) => name !== 'list-scroll'), what).toEqual([]);
      expect.soft(width, what).toBeLessThanOrEqual(320);
    };
    await fits('the list');
    await page.getByRole('button', { name: 'Filter', exact: true }).click();
    await fits('the filters');
    await filter(page, 'User Name').fill('a');
    await filter(page, 'Count').fill('>0');
    await filter(page, 'Count').press('Escape');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await expect(filter(page, 'Count')).toBeHidden();
    const people = (await names(page)).filter((name) => name !== 'admin01');
    for (const name of people.slice(0, 2)) await row(page, name).getByRole('checkbox').check();
    await expect(selected(page)).toContainText('2 users selected');
    await fits('a selection');
    await row(page, people[0]).getByRole('link').click();
    await expect(page.getByRole('complementary', { name: people[0] })).toBeVisible();
    await fits('a panel');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'End Sessions' }).click();
    await fits('the menu');
    await page.getByRole('menuitem', { name: 'End & Disable', exact: true }).click();
    await fits('the dialog');
    await page.getByRole('alertdialog').getByRole('button', { name: 'End & Disable 2 users' }).click();
    await expect(page.getByRole('button', { name: 'Undo disable' })).toBeVisible();
    await fits('the report');
    for (const address of ['/accounts?q=an', '/history', '/me', '/help']) {
      await page.goto(address);
      await fits(address);
    }
  });
});

test('a finger selects and ends', async ({ loggedIn, product }) => {
  for (const name of ['natetest', 'nate.miller', 'kahumanu']) await product.logIn(name);
  const page = await loggedIn('admin01', { viewport: { width: 400, height: 720 }, hasTouch: true, isMobile: true });
  await hydrated(page);
  // A tap on the box adds, one on the row selects only it.
  for (const name of ['natetest', 'nate.miller']) await row(page, name).getByRole('checkbox').tap();
  await expect(selected(page)).toContainText('2 users selected');
  await row(page, 'kahumanu').getByRole('rowheader').tap();
  await expect(selected(page)).toContainText('1 user selected');
  await row(page, 'kahumanu').getByRole('checkbox').tap();
  for (const name of ['natetest', 'nate.miller']) await row(page, name).getByRole('checkbox').tap();
  await expect(selected(page)).toContainText('2 users selected · 2 sessions');
  // Beside the box is on it. (Farther off Chromium gives a finger to the cell that is nearer than the box.)
  const box = (await row(page, 'kahumanu').getByRole('checkbox').boundingBox())!;
  for (const users of ['3 users', '2 users']) {
    await page.touchscreen.tap(box.x + box.width / 2 + 12, box.y + box.height / 2 + 12);
    await expect(selected(page)).toContainText(`${users} selected`);
  }
  await page.getByRole('button', { name: 'End Sessions' }).tap();
  await page.getByRole('menuitem', { name: 'End', exact: true }).tap();
  await page.getByRole('button', { name: 'End sessions of 2 users' }).tap();
  await expect(page.getByText('2 ended', { exact: true })).toBeVisible();
  await row(page, 'kahumanu').getByRole('link').tap();
  await expect(page.getByRole('complementary', { name: 'kahumanu' })).toBeVisible();
});

test('a selection that is too large is refused in a sentence', async ({ loggedIn, complaints, product }) => {
  const page = await everybody(product, loggedIn);
  await deaf(page);
  for (const name of ['natetest', 'nate.miller']) await row(page, name).getByRole('checkbox').check();
  // The page itself lets nobody select so many one by one.
  await page.route('**/api/sessions/plan', async (route) => {
    const asked = route.request().postDataJSON();
    asked.selection = { ids: Array.from({ length: 1_000_000 }, (_, id) => id + 1) };
    await route.continue({ postData: JSON.stringify(asked) });
  });
  await choose(page, 'End');
  await expect(page.getByText('Nothing was ended. The request is too large. Select fewer users one by one, or select all that match.')).toBeVisible();
  await complaints.expectStatus(413);
  await expect(page.getByRole('alertdialog')).toBeHidden();
  await expect(selected(page)).toContainText('2 users selected');
});

test('nothing moves for whoever wants no motion', async ({ loggedIn, product }) => {
  const page = await everybody(product, loggedIn);
  const moving = async () => await page.evaluate(() =>
    document.getAnimations().filter((animation) => (animation.effect as KeyframeEffect).getKeyframes().some((step) => Object.keys(step).some((name) => /^(transform|translate|backgroundPosition)/.test(name)))).length);
  let hold = new Promise<void>(() => {});
  await page.route('**/api/sessions/list', async (route) => { await hold; await route.continue(); });
  const seen = async (motion: 'reduce' | 'no-preference') => {
    await page.emulateMedia({ reducedMotion: motion });
    let go = () => {};
    hold = new Promise((done) => { go = done; });
    await page.getByRole('button', { name: 'Refresh' }).click();
    let most = 0;
    for (let look = 0; look < 20; look += 1) {
      most = Math.max(most, await moving());
      await page.waitForTimeout(25);
    }
    go();
    await expect(page.getByRole('grid')).not.toHaveAttribute('aria-busy');
    return most;
  };
  expect(await seen('no-preference')).toBeGreaterThan(0);
  expect(await seen('reduce')).toBe(0);
});
