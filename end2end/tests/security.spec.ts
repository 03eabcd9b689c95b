// What only a browser can show of the security rules.
import { expect, hydrated, logIn, logOut, passwordOf, test, withBackForwardCache } from './product.ts';

const FORBIDDEN = 'Only users assigned a Product Security Role of Student Information System (SIS) are allowed to use this tool.';

test('somebody without the SIS role gets the sentence, not the list', async ({ loggedIn, complaints }) => {
  const teacher = await loggedIn('natetest');
  for (const path of ['/sessions', '/accounts?q=a', '/history']) {
    await teacher.goto(path);
    await expect(teacher.getByText(FORBIDDEN)).toBeVisible();
    await complaints.expectStatus(403);
    await expect(teacher.getByLabel('Search tools and people')).toHaveCount(0);
  }
});

test('tok_11_after_log_out_back_shows_nothing', async ({ browser, product, complaints }) => {
  const own = await withBackForwardCache(browser);
  const context = await own.newContext({ baseURL: product.url });
  await complaints.watch(context);
  const page = await context.newPage();
  await logIn(page, 'admin01');
  await hydrated(page);
  await expect(page.getByRole('checkbox', { name: 'Select admin01' })).toBeVisible();
  await logOut(page, 'admin01');
  await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
  await complaints.expectLine(/^Clear-Site-Data header/);
  await expect(page.getByRole('checkbox', { name: 'Select admin01' })).toHaveCount(0);
  await own.close();
});

test('aut_19_paste_and_password_managers_work', async ({ person }) => {
  const page = await person('natetest');
  await page.goto('/sign-in');
  await expect(page.getByLabel('User Name')).toBeFocused();
  const password = page.getByLabel('Password');
  await expect(password).toHaveAttribute('type', 'password');
  await expect(password).toHaveAttribute('autocomplete', 'current-password');
  await expect(page.getByLabel('User Name')).toHaveAttribute('autocomplete', 'username');
  await page.getByLabel('User Name').fill(passwordOf('natetest'));
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Control+c');
  await page.getByLabel('User Name').fill('natetest');
  await password.focus();
  await page.keyboard.press('Control+v');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/me');
});

test('web_04_an_injected_script_and_eval_do_not_run', async ({ loggedIn, complaints }) => {
  const admin = await loggedIn('admin01');
  await hydrated(admin);
  const { refused, injected } = await admin.evaluate(async () => {
    const attempt = async (how: () => void) =>
      await new Promise<string>((done) => {
        const note = (event: SecurityPolicyViolationEvent) => {
          if (!event.violatedDirective.startsWith('script-src')) return;
          document.removeEventListener('securitypolicyviolation', note);
          done(`${event.violatedDirective} ${event.blockedURI}`);
        };
        document.addEventListener('securitypolicyviolation', note);
        setTimeout(() => done('not refused'), 5000);
        how();
      });
    const refused = [
      await attempt(() => document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="window.injected = true">')),
      // Markup alone: what our own script appends, 'strict-dynamic' trusts.
      await attempt(() => {
        document.body.insertAdjacentHTML('beforeend', '<a id="trap" href="javascript:window.injected = true">x</a>');
        document.getElementById('trap')!.click();
      }),
      // Not directly: what DevTools evaluates may use `eval` in spite of the policy.
      await attempt(() => setTimeout(() => {
        try { eval('window.injected = true'); } catch { /* refused */ }
      })),
    ];
    return { refused, injected: 'injected' in window };
  });
  expect(refused).toEqual(['script-src-attr inline', 'script-src-elem inline', 'script-src eval']);
  expect(injected).toBe(false);
  await expect.poll(() => complaints.take(/CSP|Content Security Policy|violates|Refused/)).toBeGreaterThan(0);
});

test('web_05_hostile_names_show_as_text', async ({ loggedIn, product }) => {
  const hostile = '<img src=x onerror=alert(1)>';
  product.createAccount({ name: 'hostile', last: hostile, first: '"><script>alert(1)</script>', sis: false });
  await product.logIn('hostile');
  const admin = await loggedIn('admin01');
  await hydrated(admin);
  await expect(admin.getByText(hostile).first()).toBeVisible();
  await admin.goto('/accounts?q=hostile');
  await expect(admin.getByText(hostile).first()).toBeVisible();
  await admin.getByRole('link', { name: 'hostile' }).click();
  await expect(admin.getByText(hostile).first()).toBeVisible();
});
