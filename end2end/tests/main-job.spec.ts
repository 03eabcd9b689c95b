// The main job, once with JavaScript and once without: see who is signed in, end them, disable them, let them back in.
import type { Page } from '@playwright/test';
import { boxes, choose, clickRow, filter, row } from './list.ts';
import { expect, hydrated, logIn, passwordOf, test } from './product.ts';

const LOG_IN_REFUSED = 'The user name or the password is not right, or this account cannot log in.';

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    const ready = async (page: Page) => (javaScriptEnabled ? await hydrated(page) : undefined);
    /** Rows acted upon keep their place for five seconds; the next Refresh takes them out. */
    const refreshUntil = async (page: Page, users: number) =>
      await expect(async () => {
        await page.getByRole('button', { name: 'Refresh' }).click();
        await expect(boxes(page)).toHaveCount(users, { timeout: 500 });
      }).toPass({ timeout: 15_000 });
    const select = async (page: Page, ...names: string[]) => {
      for (const name of names) {
        if (javaScriptEnabled) await clickRow(page, name, 'ControlOrMeta');
        else await row(page, name).getByRole('checkbox').check();
      }
    };
    /** The next click of a person, on a page that is still open. */
    const nextClick = async (page: Page) => await page.getByRole('link', { name: 'Help' }).first().click();
    const filterBy = async (page: Page, column: string, text: string) => {
      await filter(page, column).fill(text);
      if (!javaScriptEnabled) await page.getByRole('button', { name: 'Apply' }).click();
    };

    test('the main job', async ({ person, loggedIn, complaints, product }) => {
      test.slow();
      const people = { natetest: await loggedIn('natetest'), miller: await loggedIn('nate.miller'), kahumanu: await loggedIn('kahumanu') };
      for (const page of Object.values(people)) await expect(page).toHaveURL('/me');
      const second = await loggedIn('nate.miller');
      await expect(second).toHaveURL('/me');

      const wasm: string[] = [];
      const admin = await person('admin01');
      admin.on('request', (request) => request.url().endsWith('.wasm') && wasm.push(request.url()));
      await logIn(admin, 'admin01');
      await expect(admin).toHaveURL('/sessions');
      await ready(admin);
      await expect(admin.getByRole('heading', { name: 'User Session Manager', exact: true })).toBeVisible();

      // Everybody, with the right names, times and counts.
      await expect(boxes(admin)).toHaveCount(4);
      await expect(row(admin, 'nate.miller')).toContainText(/nate\.miller\s*Miller\s*Nathan\s*\d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d [AP]M\s*2/);
      await expect(row(admin, 'kahumanu')).toContainText(/Kaʻahumanu\s*Zoë/);
      await expect(row(admin, 'natetest')).toContainText(/natetest\s*Test\s*Fake.*1/s);
      await expect(row(admin, 'admin01')).toContainText('You');
      await expect(admin.getByText('4 users · 5 sessions')).toBeVisible();
      // The time is the district's, not the browser's or UTC.
      const [created] = (await row(admin, 'natetest').textContent())!.match(/\d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d [AP]M/)!;
      const now = new Date().toLocaleString('en-US', { timeZone: 'America/Chicago' });
      expect(Math.abs(Date.parse(now) - Date.parse(created))).toBeLessThan(60_000);

      // A filter for each column.
      for (const [column, text, users] of [['User Name', '^nate', 2], ['Last Name', "kaʻa", 1], ['First Name', 'zoe', 1], ['Count', '>1', 1], ['Session Creation Timestamp', 'last 1h', 4], ['Session Creation Timestamp', 'yesterday', 0], ['User Name', '%', 0]] as const) {
        await filterBy(admin, column, text);
        await expect(boxes(admin), `${column} ${text}`).toHaveCount(users);
        await expect(admin.getByText(`${users} of 4 users`)).toBeVisible();
        await filterBy(admin, column, '');
        await expect(boxes(admin)).toHaveCount(4);
      }

      // End two: their pages leave by themselves, without scripts at the next click; the third one's does not.
      const isOut = async (page: Page) => {
        if (!javaScriptEnabled) await nextClick(page);
        await expect(page).toHaveURL(/\/sign-in\?/);
        await expect(page.getByText('You were logged out by an administrator.')).toBeVisible();
      };
      await select(admin, 'natetest', 'nate.miller');
      if (javaScriptEnabled) await expect(admin.getByRole('status').filter({ hasText: /^2 users selected/ })).toBeVisible();
      await choose(admin, 'End');
      await expect(admin.getByRole('heading', { name: 'End sessions of 2 users?' })).toBeVisible();
      await admin.getByRole('button', { name: 'End sessions of 2 users' }).click();
      await expect(admin.getByText('2 ended', { exact: true }).first()).toBeVisible();
      for (const page of [people.natetest, people.miller, second]) await isOut(page);
      await nextClick(people.kahumanu);
      await expect(people.kahumanu).toHaveURL('/help');

      const [oldCookie] = await people.kahumanu.context().cookies();

      // End & Disable one: out at once, and no way back in; the message gives nothing away.
      await refreshUntil(admin, 2);
      await select(admin, 'kahumanu');
      await choose(admin, 'End & Disable');
      await expect(admin.getByRole('heading', { name: 'End sessions and disable kahumanu?' })).toBeVisible();
      await admin.getByLabel(/^Reason/).fill('shared his password');
      await admin.getByRole('button', { name: 'End & Disable kahumanu' }).click();
      await expect(admin.getByText('1 account disabled, 1 session ended').first()).toBeVisible();
      await isOut(people.kahumanu);
      await logIn(people.kahumanu, 'kahumanu');
      await expect(people.kahumanu.getByText(LOG_IN_REFUSED)).toBeVisible();
      await complaints.expectStatus(401);
      await logIn(people.kahumanu, 'nobody.at.all', 'wrong');
      await expect(people.kahumanu.getByText(LOG_IN_REFUSED)).toBeVisible();
      await complaints.expectStatus(401);

      // He is no longer in the list; the search box finds him.
      await refreshUntil(admin, 1);
      const search = admin.getByLabel('Search tools and people');
      if (javaScriptEnabled) {
        await admin.keyboard.press('Control+k');
        await expect(search).toBeFocused();
        await search.pressSequentially('zoe');
        await expect(admin.getByRole('option', { name: /kahumanu.*Disabled/ })).toBeVisible();
        await admin.getByRole('option', { name: /kahumanu/ }).click();
      } else {
        await search.fill('zoe');
        await search.press('Enter');
        await expect(admin.getByRole('row', { name: /kahumanu.*Disabled/ })).toBeVisible();
        await admin.getByRole('link', { name: 'kahumanu' }).click();
      }
      await expect(admin.getByRole('heading', { name: 'User Account Information' })).toBeVisible();
      await expect(admin.getByText(/^Disabled by admin01, .*, reason: shared his password$/)).toBeVisible();
      await admin.getByRole('checkbox', { name: 'Disabled' }).uncheck();
      await admin.getByRole('button', { name: 'Save' }).click();
      await expect(admin.getByText('kahumanu can log in again with the same password.')).toBeVisible();
      await expect(admin.getByText('Can log in', { exact: true })).toBeVisible();

      // The old cookie stays dead; the password works again.
      const old = await fetch(`${product.url}/me`, { headers: { cookie: `${oldCookie.name}=${oldCookie.value}` }, redirect: 'manual' });
      expect(old.status).toBe(303);
      expect(old.headers.get('location')).toContain('/sign-in?');
      await logIn(people.kahumanu, 'kahumanu');
      await expect(people.kahumanu).toHaveURL(/\/(me|help)$/);

      // The history has it all.
      await admin.goto('/history');
      for (const action of [/Enable.*kahumanu/, /End & Disable.*kahumanu.*shared his password/, /End.*natetest/]) {
        await expect(admin.getByRole('row').filter({ hasText: action }).first()).toBeVisible();
      }
      if (javaScriptEnabled) expect(wasm.length).toBeGreaterThan(0);
      else expect(wasm).toEqual([]);
    });
  });
}

test('End of one user whose row is on screen happens at once', async ({ loggedIn }) => {
  const teacher = await loggedIn('natetest');
  const admin = await loggedIn('admin01');
  await hydrated(admin);
  await admin.getByRole('checkbox', { name: 'Select natetest' }).check();
  await choose(admin, 'End');
  await expect(admin.getByText('Ended 1 session of natetest')).toBeVisible();
  await expect(teacher.getByText('You were logged out by an administrator.')).toBeVisible();
});

test('a disabled person is let back in by Undo disable', async ({ loggedIn, person, product }) => {
  await product.logIn('natetest');
  const admin = await loggedIn('admin01');
  await hydrated(admin);
  await admin.getByRole('checkbox', { name: 'Select natetest' }).check();
  await choose(admin, 'End & Disable');
  await admin.getByRole('button', { name: 'End & Disable natetest' }).click();
  await admin.getByRole('button', { name: 'Undo disable' }).click();
  await expect(admin.getByText('1 account enabled again. Ended sessions stay ended.')).toBeVisible();
  const again = await person('natetest');
  await logIn(again, 'natetest', passwordOf('natetest'));
  await expect(again).toHaveURL('/me');
});
