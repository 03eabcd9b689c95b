// The Session List between other pages: the address, Back, links to the list, and the selection that stays.
import { readFileSync } from 'node:fs';
import { choose, everybody, filter, names, openPanel, row, selected } from './list.ts';
import { expect, hydrated, test } from './product.ts';

test('Back comes to the filtered list each time, and the account keeps its address', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await filter(admin, 'User Name').fill('nate');
  await expect(admin).toHaveURL('/sessions?user_name=nate');
  for (let time = 0; time < 2; time++) {
    const panel = await openPanel(admin, 'natetest');
    await panel.getByRole('link', { name: 'View account' }).click();
    await expect(admin.getByRole('heading', { name: 'User Account Information' })).toBeVisible();
    await expect(admin).toHaveURL(/\/accounts\/\d+$/);
    await admin.goBack();
    await expect(admin).toHaveURL('/sessions?user_name=nate');
    await expect.poll(() => names(admin)).toEqual(['nate.miller', 'natetest']);
    await expect(filter(admin, 'User Name')).toHaveValue('nate');
  }
});

test('many letters in a row make one address, and none is refused', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await admin.evaluate(() => {
    const replace = history.replaceState.bind(history);
    history.replaceState = (...args) => {
      document.body.dataset.addresses = `${Number(document.body.dataset.addresses ?? 0) + 1}`;
      replace(...args);
    };
  });
  await filter(admin, 'User Name').pressSequentially('n'.repeat(60));
  await expect(admin).toHaveURL(`/sessions?user_name=${'n'.repeat(60)}`);
  expect(Number(await admin.locator('body').getAttribute('data-addresses'))).toBeLessThan(20);
});

test('a link to the list, from the list, shows what it says', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await filter(admin, 'User Name').fill('nate');
  await expect(admin).toHaveURL('/sessions?user_name=nate');
  await admin.getByRole('link', { name: 'Demo District' }).click();
  await expect.poll(async () => (await names(admin)).length).toBe(5);
  await expect(filter(admin, 'User Name')).toHaveValue('');
  await expect(admin).toHaveURL('/sessions');

  await admin.goBack();
  await expect.poll(() => names(admin)).toEqual(['nate.miller', 'natetest']);
  await expect(filter(admin, 'User Name')).toHaveValue('nate');

  await admin.keyboard.press('Control+k');
  await admin.keyboard.type('User Session Manager');
  await admin.getByRole('option', { name: /^User Session Manager/ }).first().click();
  await expect.poll(async () => (await names(admin)).length).toBe(5);
});

test('the selection survives the way to an account and back', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  for (const name of ['natetest', 'nate.miller', 'kahumanu']) await admin.getByRole('checkbox', { name: `Select ${name}`, exact: true }).check();
  await expect(selected(admin)).toHaveText(/^3 users selected/);
  const panel = await openPanel(admin, 'natetest');
  await panel.getByRole('link', { name: 'View account' }).click();
  await expect(admin.getByRole('heading', { name: 'User Account Information' })).toBeVisible();
  await admin.goBack();
  await expect(selected(admin)).toHaveText(/^3 users selected · 3 sessions/);
  await expect(admin.getByRole('checkbox', { name: 'Select kahumanu' })).toBeChecked();
  await choose(admin, 'End');
  await expect(admin.getByRole('heading', { name: 'End sessions of 3 users?' })).toBeVisible();
});

test('all that match, under another filter, is said to take the place of the first', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await filter(admin, 'User Name').fill('nate');
  await admin.getByRole('checkbox', { name: 'Select all 2 users that match', exact: true }).check();
  await filter(admin, 'User Name').fill('admin');
  await expect(selected(admin)).toHaveText(/^2 users selected · 2 sessions \(2 not shown\)/);
  await admin.getByRole('checkbox', { name: 'Select all 2 users that match, in place of all that matched other filters' }).click();
  await expect(selected(admin)).toHaveText(/^2 users selected · 2 sessions(?! \()/);
  await filter(admin, 'User Name').fill('');
  await expect(admin.getByRole('checkbox', { name: 'Select natetest' })).not.toBeChecked();
});

test('who logged out is still selected and counted', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  await admin.getByRole('checkbox', { name: 'Select natetest' }).check();
  product.usm(['session', 'end', '--user-name', '=natetest']);
  await expect(async () => {
    await admin.getByRole('button', { name: 'Refresh' }).click();
    await expect(row(admin, 'natetest')).toHaveCount(0, { timeout: 500 });
  }).toPass();
  await expect(selected(admin)).toHaveText(/^1 user selected · 0 sessions \(1 not shown\)/);
});

test('Enter opens whom the answer shows, never whom an older one showed', async ({ loggedIn, product }) => {
  const admin = await everybody(product, loggedIn);
  const search = admin.getByLabel('Search tools and people');
  await search.fill('nate');
  await expect(admin.getByRole('option', { name: /natetest/ })).toBeVisible();
  let answer = () => {};
  const held = new Promise<void>((done) => (answer = done));
  await admin.route('**/api/accounts/search', async (route) => {
    await held;
    await route.continue();
  });
  await search.fill('kahu');
  await search.press('ArrowDown');
  await expect(admin.getByRole('option', { selected: true })).toContainText('nate');
  answer();
  await expect(admin.getByRole('option', { name: /kahumanu/ })).toBeVisible();
  await expect(admin.getByRole('option', { selected: true })).toHaveCount(0);
});

test('without JavaScript: order and filters in links and forms', async ({ loggedIn, product }) => {
  for (const name of ['natetest', 'nate.miller', 'kahumanu']) await product.logIn(name);
  const admin = await loggedIn('admin01', { javaScriptEnabled: false });
  for (const [first, last] of [['admin01', 'natetest'], ['natetest', 'admin01']]) {
    await admin.getByRole('columnheader', { name: 'User Name', exact: true }).getByRole('link').click();
    await expect.poll(async () => (await names(admin)).at(0)).toBe(first);
    expect((await names(admin)).at(-1)).toBe(last);
  }
  await filter(admin, 'User Name').fill('nate');
  await admin.getByRole('button', { name: 'Apply' }).click();
  await expect(admin).toHaveURL(/sort=-user_name/);
  expect(await names(admin)).toEqual(['natetest', 'nate.miller']);
});

test('a refused list form leads back to the list as it was filtered', async ({ loggedIn, complaints, product }) => {
  await product.logIn('natetest');
  const admin = await loggedIn('admin01', { javaScriptEnabled: false });
  await filter(admin, 'User Name').fill('nate');
  await admin.getByRole('button', { name: 'Apply' }).click();
  await choose(admin, 'End');
  await expect(admin.getByRole('alert')).toHaveText('Select one or more users first.');
  await complaints.expectStatus(422);
  await admin.getByRole('link', { name: 'Go back' }).click();
  await expect(admin).toHaveURL(/^[^?]*\/sessions\?.*user_name=nate/);
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false, district: { accounts: 600, sessions: 450 } });

  test('pages of a long list', async ({ loggedIn }) => {
    test.slow();
    const admin = await loggedIn('admin01');
    const pages = admin.getByRole('navigation', { name: 'Pages' });
    await expect(pages).toContainText('1–200 of');
    await expect(pages.getByRole('link', { name: 'Previous' })).toHaveCount(0);
    const first = await names(admin);
    await pages.getByRole('link', { name: 'Next' }).click();
    await expect(pages).toContainText(/201–\d+ of/);
    await expect(admin).toHaveURL('/sessions?offset=200');
    const second = await names(admin);
    expect(first.filter((name) => second.includes(name))).toEqual([]);
    await admin.getByRole('checkbox', { name: `Select ${second[0]}`, exact: true }).check();
    await choose(admin, 'End');
    await admin.getByRole('link', { name: 'Cancel' }).click();
    await expect(admin).toHaveURL('/sessions?offset=200');
    await admin.getByRole('checkbox', { name: `Select ${second[0]}`, exact: true }).check();
    await choose(admin, 'End');
    await admin.getByRole('button', { name: `End sessions of ${second[0]}` }).click();
    await expect(admin).toHaveURL(/\/sessions\?offset=200&done=\d+$/);
    await expect(admin.getByText(/^Ended \d+ sessions? of /)).toBeVisible();
    await pages.getByRole('link', { name: 'Previous' }).click();
    await expect(pages).toContainText('1–200 of');
    expect(await names(admin)).toEqual(first);
  });

  for (const hasTouch of [false, true]) {
    test(`a row out of sight takes the room that it has in sight, ${hasTouch ? 'by touch' : 'by mouse'}`, async ({ loggedIn }) => {
      const admin = await loggedIn('admin01', hasTouch ? { hasTouch, isMobile: true } : {});
      expect(await admin.evaluate(() => matchMedia('(pointer: coarse)').matches)).toBe(hasTouch);
      for (const width of [1280, 700, 400, 320]) {
        await admin.setViewportSize({ width, height: 400 });
        await admin.goto('/sessions');
        const rows = admin.locator('tr[data-id]');
        const inSight = async () => await rows.evaluateAll((rows) => rows.map((row) => row.firstElementChild!.checkVisibility({ contentVisibilityAuto: true })));
        await expect.poll(async () => new Set(await inSight()), `${width} px`).toEqual(new Set([true, false]));
        const heights = await rows.evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height));
        expect(heights.length).toBe(200);
        expect(new Set(heights).size, `${width} px: ${[...new Set(heights)].join(', ')}`).toBe(1);
      }
    });
  }

  test('a row that is ticked is coloured', async ({ loggedIn }) => {
    const admin = await loggedIn('admin01');
    const ground = async () => await admin.locator('tr[data-id]').first().evaluate((row) => getComputedStyle(row).boxShadow);
    expect(await ground()).toBe('none');
    await admin.getByRole('checkbox', { name: /^Select / }).nth(1).check();
    expect(await ground()).not.toBe('none');
  });
});

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('Export is a file of the list as filtered', async ({ loggedIn, product }) => {
      const admin = await loggedIn('admin01');
      await product.logIn('natetest');
      await admin.goto('/sessions?user_name=nate');
      const [download] = await Promise.all([admin.waitForEvent('download'), admin.getByRole('link', { name: 'Export' }).click()]);
      expect(download.suggestedFilename()).toBe('sessions.csv');
      const [head, ...lines] = readFileSync(await download.path(), 'utf8').trimEnd().split('\r\n');
      expect(head).toBe('\ufeffUser Name,Last Name,First Name,Session Creation Timestamp,Count');
      expect(lines).toEqual([expect.stringMatching(/^natetest,Test,Fake,\d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d [AP]M,1$/)]);
    });
  });
}

test('Enter on the box above the rows ends nobody', async ({ loggedIn, product }) => {
  await product.logIn('natetest');
  const admin = await loggedIn('admin01');
  await hydrated(admin);
  await row(admin, 'natetest').getByRole('checkbox').check();
  const asked: string[] = [];
  admin.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await admin.getByRole('checkbox', { name: /^Select all / }).focus();
  await admin.keyboard.press('Enter');
  await admin.waitForTimeout(300);
  expect(asked.filter((path) => path.startsWith('/api/sessions/') && !path.endsWith('/look'))).toEqual([]);
  await expect(admin.getByRole('alertdialog', { name: /^End/ })).toBeHidden();
  await expect(row(admin, 'natetest')).toBeVisible();
});
