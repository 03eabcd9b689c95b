// What the tests of the Session List share.
import type { Page } from '@playwright/test';
import { expect, hydrated, PEOPLE, type Product } from './product.ts';

export const row = (page: Page, name: string) => page.getByRole('row').filter({ has: page.getByRole('checkbox', { name: `Select ${name}`, exact: true }) });
export const names = async (page: Page) =>
  await page.getByRole('checkbox', { name: /^Select (?!all)/ }).evaluateAll((boxes) => boxes.map((box) => box.getAttribute('aria-label')!.slice('Select '.length)));
export const filter = (page: Page, column: string) => page.getByRole('searchbox', { name: `Filter ${column}`, exact: true });
export const selected = (page: Page) => page.getByRole('status').filter({ hasText: /users? selected/ });

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
