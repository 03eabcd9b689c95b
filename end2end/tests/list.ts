// What the tests of the Session List share.
import type { Page, Route } from '@playwright/test';
import { expect, hydrated, PEOPLE, type Product } from './product.ts';

export const row = (page: Page, name: string) => page.getByRole('row').filter({ has: page.getByRole('checkbox', { name: `Select ${name}`, exact: true }) });
/** The checkboxes of the rows. */
export const boxes = (page: Page) => page.getByRole('checkbox', { name: /^Select (?!all)/ });
export const names = async (page: Page) =>
  await boxes(page).evaluateAll((boxes) => boxes.map((box) => box.getAttribute('aria-label')!.slice('Select '.length)));
export const filter = (page: Page, column: string) => page.getByRole('searchbox', { name: `Filter ${column}`, exact: true });
export const selected = (page: Page) => page.getByRole('status').filter({ hasText: /users? selected/ });
/** Users in the list, as it says. */
export const users = async (page: Page) => Number((await page.locator('.list-count').textContent())!.replace(/ users.*/, '').replace(',', ''));
export const clickRow = async (page: Page, name: string, ...modifiers: ('ControlOrMeta' | 'Shift')[]) => await row(page, name).getByText(name, { exact: true }).click({ modifiers });
export const scrollTo = async (page: Page, top: number) => await page.locator('.list-scroll').evaluate((list, top) => { list.scrollTop = top; }, top);

/** Everybody logged in, the administrator with a page. */
export async function everybody(product: Product, loggedIn: (name: string) => Promise<Page>): Promise<Page> {
  for (const person of PEOPLE.filter((person) => person.name !== 'admin01')) await product.logIn(person.name);
  const admin = await loggedIn('admin01');
  await expect(admin).toHaveURL('/sessions');
  await hydrated(admin);
  return admin;
}

/** Loads the page again, deaf to the server's news: it knows what its own requests say. */
export async function deaf(page: Page) {
  await page.route(/\/live\b/, () => new Promise(() => {}));
  await page.reload();
  await hydrated(page);
}

/** Chooses in the menu what to do with the selected users. */
export async function choose(page: Page, item: 'End' | 'End & Disable') {
  await page.getByRole('button', { name: 'End Sessions' }).click();
  await page.getByRole('menuitem', { name: item, exact: true }).click();
}

/** Answers a plan of two users as if they were 20,000: the first step is done, and what comes after it is answered by `next`. */
export async function inSteps(page: Page, next: (route: Route, step: number) => unknown) {
  let step = 0;
  await page.route('**/api/sessions/commit', async (route) => {
    step += 1;
    if (step > 1) return next(route, step);
    const answer = await route.fetch();
    const { plan } = route.request().postDataJSON();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), plan, ended_users: 10_000, planned: 20_000, done: 10_000, left: 10_000 } });
  });
}

/** Pastes a text into the focused box, as the browser would. */
export const paste = async (page: Page, text: string) =>
  await page.evaluate((text) => {
    const data = new DataTransfer();
    data.setData('text', text);
    document.activeElement!.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);

/** Opens the panel of a row. */
export async function openPanel(page: Page, name: string) {
  await row(page, name).getByRole('link').click();
  const panel = page.getByRole('complementary', { name });
  await expect(panel.getByRole('link', { name: 'View account' })).toBeVisible();
  return panel;
}
