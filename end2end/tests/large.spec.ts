// A school of 5,000: what fits on the screen, and what asks for the number.
import { boxes, choose } from './list.ts';
import { expect, hydrated, test } from './product.ts';

test.describe('5,000 users', () => {
  test.use({ district: { accounts: 8000, sessions: 7000 } });

  test('at least nine full rows show at 1366 × 641', async ({ loggedIn }) => {
    const page = await loggedIn('admin01');
    await page.setViewportSize({ width: 1366, height: 641 });
    await page.goto('/sessions');
    await hydrated(page);
    const full = await boxes(page).evaluateAll((boxes) => {
      const body = boxes[0].closest('[role=grid]')!.parentElement!.getBoundingClientRect();
      return boxes.map((box) => box.closest('[role=row]')!.getBoundingClientRect()).filter((row) => row.bottom <= body.bottom).length;
    });
    expect(full).toBeGreaterThanOrEqual(9);
  });

  test('where the rows of a place did not come, they are asked for again', async ({ loggedIn, complaints }) => {
    const page = await loggedIn('admin01');
    await hydrated(page);
    await page.route('**/api/sessions/list', (route) => route.fulfill({ status: 503, json: 'unavailable' }), { times: 1 });
    let lists = 0;
    page.on('request', (request) => { lists += Number(request.url().endsWith('/api/sessions/list')); });
    await page.evaluate(() => {
      const list = document.querySelector('.list-scroll')!;
      list.scrollTop = list.scrollHeight / 2;
    });
    const trouble = page.getByText('The database does not answer.').first();
    await expect(trouble).toBeVisible();
    await complaints.expectStatus(503);
    await expect.poll(() => page.evaluate(() => document.elementFromPoint(500, 420)?.closest('tr[data-id]') !== null)).toBe(true);
    await expect(trouble).toBeHidden();
    // By the page itself, as a look is: nobody is at work for it.
    expect(lists).toBe(1);
  });

  test('few rows are in the page, and ending everybody asks for the number', async ({ loggedIn }) => {
    const page = await loggedIn('admin01');
    await hydrated(page);
    const count = await page.getByText(/^[\d,]+ users · [\d,]+ sessions$/).textContent();
    expect(Number(count!.split(' ')[0].replace(',', ''))).toBeGreaterThanOrEqual(4_900);
    expect(await boxes(page).count()).toBeLessThan(80);
    await page.getByRole('checkbox', { name: /^Select all / }).check();
    await expect(page.getByText(/^[\d,]+ users selected/)).toBeVisible();
    await choose(page, 'End');
    const dialog = page.getByRole('alertdialog');
    const button = dialog.getByRole('button', { name: /^End sessions of [\d,]+ users$/ });
    const users = (await button.textContent())!.replace(/\D/g, '');
    await dialog.getByLabel('Type the number of users').fill('100');
    await button.click();
    await expect(dialog.getByRole('alert')).toContainText('to confirm.');
    await dialog.getByLabel('Type the number of users').fill(users);
    await button.click();
    await expect(page.getByText(/^[\d,]+ ended/)).toBeVisible({ timeout: 20_000 });
    await page.getByRole('button', { name: 'Refresh' }).click();
    await expect(page.getByText('You are the only one logged in.')).toBeVisible({ timeout: 15_000 });
  });
});

