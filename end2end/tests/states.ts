// Every state of the pages, by name: what axe judges and what the screenshots show.
import { AxeBuilder } from '@axe-core/playwright';
import type { Page, Route } from '@playwright/test';
import { choose, filter, inSteps } from './list.ts';
import { expect, hydrated, logIn, sendPlan, setHidden } from './product.ts';

export type State = {
  name: string;
  /** Brings a logged-in administrator's page into the state. */
  reach: (page: Page) => Promise<void>;
  /** The status that Chromium writes a line for. */
  status?: number;
};

const list = async (page: Page, address = '/sessions') => {
  await page.goto(address);
  await hydrated(page);
};
const boxesOfOthers = (page: Page) => page.getByRole('checkbox', { name: /^Select (?!all|admin01)/ });
const firstBox = (page: Page) => boxesOfOthers(page).first();
const checkTwo = async (page: Page) => {
  await firstBox(page).check();
  await boxesOfOthers(page).nth(2).check();
};
/** On narrow screens the boxes of the filters stand in a sheet; answers whether they do. */
const openFilters = async (page: Page) => {
  const sheet = page.getByRole('button', { name: 'Filter', exact: true });
  const narrow = await sheet.isVisible();
  if (narrow) await sheet.click();
  return narrow;
};

/** Ends two users in steps; those after the first answer so. */
const planInSteps = async (page: Page, next: (route: Route) => unknown) => {
  await inSteps(page, next);
  await checkTwo(page);
  await choose(page, 'End');
  await page.getByRole('button', { name: /^End sessions of 2 users/ }).click();
};

/** What axe finds in a page as it stands. No page has frames: nothing is to be gathered in a page of its own. */
export const violations = async (page: Page) =>
  (await new AxeBuilder({ page }).setLegacyMode().withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze()).violations;

export const STATES: State[] = [
  { name: 'list', reach: async (page) => await list(page) },
  { name: 'filtered', reach: async (page) => await list(page, '/sessions?user_name=an&count=>0') },
  { name: 'no-match', reach: async (page) => {
    await list(page, '/sessions?user_name=nobody.at.all');
    await expect(page.getByText('No users match these filters.')).toBeVisible();
  } },
  { name: 'error', reach: async (page) => {
    await list(page);
    await page.route('**/api/sessions/list', (route) => route.fulfill({ status: 503, json: 'unavailable' }));
    await page.getByRole('button', { name: 'Refresh' }).click();
    await expect(page.getByText('The database does not answer.').first()).toBeVisible();
  }, status: 503 },
  { name: 'loading', reach: async (page) => {
    await list(page);
    await page.route('**/api/sessions/list', () => undefined);
    await openFilters(page);
    await filter(page, 'User Name').fill('a');
    await expect(page.locator('[aria-busy=true]').first()).toBeAttached();
  } },
  { name: 'selected', reach: async (page) => {
    await list(page);
    await checkTwo(page);
  } },
  { name: 'selected-users', reach: async (page) => {
    await list(page);
    await checkTwo(page);
    const narrow = await openFilters(page);
    await filter(page, 'User Name').fill('=admin01');
    await expect(page.getByText(/\(2 not shown\)/)).toBeVisible();
    if (narrow) await page.mouse.click(100, 100);
    await page.getByRole('button', { name: 'Show selected' }).click();
    await expect(page.getByText('not shown', { exact: true }).first()).toBeVisible();
  } },
  { name: 'restore', reach: async (page) => {
    await list(page);
    await checkTwo(page);
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await expect(page.getByRole('button', { name: 'Restore 2' })).toBeVisible();
  } },
  { name: 'names', reach: async (page) => {
    await list(page, '/sessions?user_name==admin01|=nobody.there|=somebody.else');
    await page.getByRole('button', { name: '2 not logged in' }).click();
    await expect(page.getByRole('dialog', { name: 'Names that are not logged in' })).toBeVisible();
  } },
  { name: 'new', reach: async (page) => {
    await list(page);
    await expect(page.getByText('Live', { exact: true })).toBeVisible();
    await firstBox(page).check();
    const other = await page.context().browser()!.newContext({ baseURL: new URL(page.url()).origin });
    await logIn(await other.newPage(), 'admin01');
    await expect(page.locator('.list-toolbar .new')).toHaveText('↑ 1 new');
    await other.close();
  } },
  { name: 'paused', reach: async (page) => {
    await list(page);
    await expect(page.getByText('Live', { exact: true })).toBeVisible();
    // As another tab would say it.
    await page.evaluate(() => new BroadcastChannel('usm-live').postMessage('4'));
    await expect(page.getByText('Live paused, reconnecting in 4 s')).toBeVisible();
  } },
  { name: 'offline', reach: async (page) => {
    await list(page);
    await expect(page.getByText('Live', { exact: true })).toBeVisible();
    await page.evaluate(() => {
      Object.defineProperty(navigator, 'onLine', { value: false });
      new BroadcastChannel('usm-live').postMessage('4');
    });
    await expect(page.getByText('Offline, trying again in 4 s')).toBeVisible();
  } },
  { name: 'behind', reach: async (page) => {
    await list(page);
    await expect(page.getByText('Live', { exact: true })).toBeVisible();
    await page.route('**/api/sessions/look', (route) => route.fulfill({ status: 503, json: 'unavailable' }));
    await page.evaluate(() => new BroadcastChannel('usm-live').postMessage('list'));
    await expect(page.getByText('Live paused, the list is behind')).toBeVisible();
  }, status: 503 },
  { name: 'ended-row', reach: async (page) => {
    await list(page);
    await firstBox(page).check();
    // As if somebody else had ended the second.
    await page.route('**/api/sessions/look', async (route) => {
      const answer = await route.fetch();
      const seen = await answer.json();
      await route.fulfill({ response: answer, json: { ...seen, rows: seen.rows.map((row: object, at: number) => (at === 1 ? { count: 0, disabled: false } : row)) } });
    });
    await page.evaluate(() => new BroadcastChannel('usm-live').postMessage('list'));
    await expect(page.locator('tr[data-id]').nth(1)).toContainText('Ended');
  } },
  { name: 'cover', reach: async (page) => {
    await list(page);
    await page.route('**/live?*', () => undefined);
    await setHidden(page, true);
    await setHidden(page, false);
    await expect(page.getByText('Checking whether you are still logged in…')).toBeVisible();
  } },
  { name: 'time-out', reach: async (page) => {
    await page.route('**/live?*', (route) => route.fulfill({ status: 204, headers: { 'usm-again': '5', 'usm-time-out': '11:07 AM' } }));
    await list(page);
    await expect(page.getByText('You will be logged out at 11:07 AM.')).toBeVisible();
  } },
  { name: 'panel', reach: async (page) => {
    await list(page);
    await page.getByRole('link', { name: /^Sessions of (?!admin01)/ }).first().click();
    await expect(page.getByRole('complementary')).toBeVisible();
  } },
  { name: 'panel-nobody', reach: async (page) => {
    await list(page);
    await page.route('**/api/sessions/of', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...(await answer.json()), sessions: [], disabled: true } });
    });
    await page.getByRole('link', { name: /^Sessions of (?!admin01)/ }).first().click();
    await expect(page.getByText('No active sessions.')).toBeVisible();
  } },
  { name: 'panel-error', reach: async (page) => {
    await list(page);
    await page.route('**/api/sessions/of', (route) => route.fulfill({ status: 503, json: 'unavailable' }));
    await page.getByRole('link', { name: /^Sessions of (?!admin01)/ }).first().click();
    await expect(page.getByRole('complementary').getByRole('alert')).toBeVisible();
  }, status: 503 },
  { name: 'understood', reach: async (page) => {
    await list(page);
    await openFilters(page);
    await filter(page, 'Session Creation Timestamp').fill('last 24h');
    await expect(page.locator('.created .understood')).toContainText('since');
  } },
  { name: 'menu', reach: async (page) => {
    await list(page);
    await firstBox(page).check();
    await page.getByRole('button', { name: 'End Sessions' }).click();
  } },
  { name: 'dialog-end', reach: async (page) => {
    await list(page);
    await page.getByRole('checkbox', { name: /^Select all / }).check();
    await choose(page, 'End');
    await expect(page.getByRole('alertdialog')).toBeVisible();
  } },
  { name: 'dialog-not-shown', reach: async (page) => {
    await list(page);
    await firstBox(page).check();
    const narrow = await openFilters(page);
    await filter(page, 'User Name').fill('=admin01');
    await expect(page.getByText(/\(1 not shown\)/)).toBeVisible();
    if (narrow) await page.mouse.click(100, 100);
    await choose(page, 'End');
    await expect(page.getByRole('alertdialog')).toContainText('Not in the list now');
  } },
  { name: 'dialog-own', reach: async (page) => {
    await list(page, '/sessions?user_name==admin01');
    await page.getByRole('checkbox', { name: 'Select admin01' }).check();
    await choose(page, 'End');
    await expect(page.getByRole('alertdialog', { name: 'End your own session?' })).toBeVisible();
  } },
  { name: 'confirm-page', reach: async (page) => {
    await list(page);
    await firstBox(page).check();
    await sendPlan(page, 'end_disable');
  } },
  { name: 'person-menu', reach: async (page) => {
    await list(page);
    await page.getByRole('button', { name: /^admin01/ }).click();
    await expect(page.getByRole('button', { name: 'Dark' })).toBeVisible();
  } },
  { name: 'filter-sheet', reach: async (page) => {
    await list(page);
    await openFilters(page);
    await expect(filter(page, 'Count')).toBeVisible();
  } },
  { name: 'filter-tips', reach: async (page) => {
    await list(page);
    await page.getByRole('button', { name: 'Filter tips' }).click();
  } },
  { name: 'dialog-disable', reach: async (page) => {
    await list(page);
    await firstBox(page).check();
    await choose(page, 'End & Disable');
    await expect(page.getByRole('alertdialog')).toBeVisible();
  } },
  { name: 'dialog-failed', reach: async (page) => {
    await list(page);
    await page.route('**/api/sessions/commit', (route) => route.fulfill({ status: 503, json: 'unavailable' }));
    await firstBox(page).check();
    await choose(page, 'End & Disable');
    await page.getByRole('button', { name: /^End & Disable / }).click();
    await expect(page.getByRole('alertdialog').getByRole('alert')).toContainText('The database does not answer.');
  }, status: 503 },
  { name: 'dialog-refused', reach: async (page) => {
    await list(page, '/sessions?user_name==admin01');
    await page.getByRole('checkbox', { name: 'Select admin01' }).check();
    await choose(page, 'End & Disable');
    await expect(page.getByRole('alertdialog')).toBeVisible();
  } },
  { name: 'toast', reach: async (page) => {
    await list(page);
    await firstBox(page).check();
    await choose(page, 'End & Disable');
    await page.getByRole('button', { name: /^End & Disable / }).click();
    await expect(page.getByRole('button', { name: 'Undo disable' })).toBeVisible();
  } },
  { name: 'plan-going', reach: async (page) => {
    await list(page);
    await planInSteps(page, () => undefined);
    await expect(page.getByRole('progressbar')).toBeVisible();
  } },
  { name: 'plan-stopped', reach: async (page) => {
    await list(page);
    await planInSteps(page, (route) => route.fulfill({ status: 500, json: 'internal' }));
    await expect(page.getByRole('button', { name: 'Go on' })).toBeVisible();
  }, status: 500 },
  { name: 'search', reach: async (page) => {
    await list(page);
    await page.getByLabel('Search tools and people').pressSequentially('an');
    await expect(page.getByRole('option').first()).toBeVisible();
  } },
  { name: 'accounts', reach: async (page) => await list(page, '/accounts?q=an') },
  { name: 'account', reach: async (page) => {
    await list(page, '/accounts?q=admin02');
    await page.getByRole('link', { name: 'admin02' }).click();
    await expect(page.getByRole('heading', { name: /^Active sessions/ })).toBeVisible();
    await hydrated(page);
  } },
  { name: 'history', reach: async (page) => await list(page, '/history') },
  { name: 'help', reach: async (page) => await list(page, '/help') },
  { name: 'me', reach: async (page) => await list(page, '/me') },
  { name: 'not-found', reach: async (page) => {
    await page.goto('/nothing/here');
    await expect(page.getByRole('alert')).toBeVisible();
  }, status: 404 },
];
