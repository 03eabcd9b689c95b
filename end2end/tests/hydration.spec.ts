// Before the browser's code runs, nothing typed or ticked is lost.
import { choose, filter } from './list.ts';
import { expect, hydrated, logIn, sendPlan, test } from './product.ts';

test('what is typed and ticked before hydration is kept', async ({ person, loggedIn, product }) => {
  for (const name of ['natetest', 'nate.miller']) await product.logIn(name);
  const admin = await person('admin01');
  await logIn(admin, 'admin01');
  await admin.route('**/*.wasm', async (route) => {
    await new Promise((done) => setTimeout(done, 2000));
    await route.continue();
  });
  await admin.goto('/sessions');
  await filter(admin, 'User Name').fill('nate');
  await admin.getByRole('checkbox', { name: 'Select natetest' }).check();
  await expect(admin.locator('html[data-hydrated]')).toHaveCount(0);
  await hydrated(admin);
  await expect(filter(admin, 'User Name')).toHaveValue('nate');
  await expect(admin.getByText('2 of 3 users · 2 sessions')).toBeVisible();
  await expect(admin.getByRole('checkbox', { name: 'Select natetest' })).toBeChecked();
  await expect(admin.getByText(/^1 user selected/)).toBeVisible();
});

test('a click before hydration lands on the confirm page', async ({ person, loggedIn, product }) => {
  await product.logIn('natetest');
  const admin = await person('admin01');
  await logIn(admin, 'admin01');
  await admin.route('**/*.wasm', () => undefined);
  await admin.goto('/sessions', { waitUntil: 'domcontentloaded' });
  await admin.getByRole('checkbox', { name: 'Select natetest' }).check();
  await choose(admin, 'End');
  await expect(admin.getByRole('heading', { name: 'End sessions of natetest?' })).toBeVisible();
});

test('every page hydrates in silence', async ({ loggedIn, complaints }) => {
  const admin = await loggedIn('admin01');
  for (const path of ['/sessions', '/sessions?user_name=nobody', '/accounts?q=nate', '/accounts?q=', '/history', '/help', '/me']) {
    await admin.goto(path);
    await hydrated(admin);
  }
  await admin.goto('/accounts?q=natetest');
  await admin.getByRole('link', { name: 'natetest' }).click();
  await expect(admin.getByRole('heading', { name: 'natetest', level: 1 })).toBeVisible();
  await admin.reload();
  await hydrated(admin);
  for (const [path, status] of [['/nothing/here', 404], ['/sessions?sort=height', 422]] as const) {
    await admin.goto(path);
    await hydrated(admin);
    await complaints.expectStatus(status);
  }
  const teacher = await loggedIn('natetest');
  await hydrated(teacher);
  await teacher.goto('/sessions');
  await hydrated(teacher);
  await complaints.expectStatus(403);
});

test('log-in, the confirm page, and the list with its report hydrate in silence', async ({ loggedIn, person, product }) => {
  for (const name of ['natetest', 'nate.miller']) await product.logIn(name);
  const admin = await person('admin01');
  await admin.goto('/sign-in');
  await hydrated(admin);
  await logIn(admin, 'admin01');
  await admin.goto('/sessions?offset=200');
  await hydrated(admin);
  for (const name of ['natetest', 'nate.miller']) await admin.getByRole('checkbox', { name: `Select ${name}` }).check();
  await sendPlan(admin, 'end');
  await hydrated(admin);
  await admin.getByRole('button', { name: 'End sessions of 2 users' }).click();
  await hydrated(admin);
  await expect(admin.getByRole('paragraph').filter({ hasText: /^2 ended$/ })).toBeVisible();
});
