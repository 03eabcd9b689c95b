// A product of its own for each test: a real `usm serve` on a real file with real accounts, and a browser that must stay silent.
import { type Browser, type BrowserContext, type BrowserContextOptions, type Page, type TestInfo, test as base, expect } from '@playwright/test';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchOptions } from '../playwright.config.ts';

export const USM = process.env.USM ?? '../target/debug/usm';

/** Who is in the database of each test; the password of `natetest` is `password of natetest`. */
export const PEOPLE = [
  { name: 'admin01', last: 'Adams', first: 'Ada', sis: true },
  { name: 'admin02', last: 'Brown', first: 'Ben', sis: true },
  { name: 'natetest', last: 'Test', first: 'Fake', sis: false },
  { name: 'nate.miller', last: 'Miller', first: 'Nathan', sis: false },
  { name: 'kahumanu', last: 'Kaʻahumanu', first: 'Zoë', sis: false },
];

/** Of those who log in without a browser. */
const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36';

/** What Chromium says of a server that was killed, by how far each connection had come. */
export const SERVER_GONE = /ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|INCOMPLETE_CHUNKED|SOCKET_NOT_CONNECTED)/;

export const passwordOf = (name: string) => `password of ${name}`;

export class Product {
  private server?: ChildProcess;
  readonly log: string[] = [];
  private lasting = false;
  private database?: string;
  /** More of `usm serve`, at the next start. */
  options: string[] = [];

  private constructor(readonly folder: string, readonly url: string, private readonly port: number) {}

  private static async empty(): Promise<Product> {
    const port = await freePort();
    return new Product(mkdtempSync(join(tmpdir(), 'usm-')), `http://127.0.0.1:${port}`, port);
  }

  static async create(): Promise<Product> {
    const product = await Product.empty();
    // `serve` makes the database; the command line then fills it beside the running server.
    await product.start();
    for (const person of PEOPLE) product.createAccount(person);
    return product;
  }

  /** A demo district; its administrator `admin01` gets the password that `logIn` uses. */
  static async demo(district: District): Promise<Product> {
    const product = await Product.empty();
    product.lasting = district.lasting ?? false;
    product.usm(['demo', '--accounts', `${district.accounts}`, '--sessions', `${district.sessions}`, '--seed', '7']);
    product.usm(['account', 'set-password', 'admin01'], passwordOf('admin01'));
    await product.start();
    return product;
  }

  private static readonly models = new Map<string, Promise<Product>>();

  /** A copy of what `create` or `demo` makes, once for all tests of a worker. */
  static async copied(district?: District): Promise<Product> {
    const wanted = JSON.stringify(district) ?? '';
    const model = Product.models.get(wanted) ?? (district ? Product.demo(district) : Product.create()).then(async (model) => {
      await model.stop();
      process.once('exit', () => rmSync(model.folder, { recursive: true }));
      return model;
    });
    Product.models.set(wanted, model);
    const product = await Product.empty();
    product.lasting = district?.lasting ?? false;
    cpSync((await model).folder, product.folder, { recursive: true });
    await product.start();
    return product;
  }

  /** On a database that is there, with a demo district in it. */
  static async on(database: string): Promise<Product> {
    const product = await Product.empty();
    product.database = database;
    product.usm(['account', 'set-password', 'admin01'], passwordOf('admin01'));
    await product.start();
    return product;
  }

  createAccount(person: { name: string; last: string; first: string; sis: boolean }) {
    const role = person.sis ? ['--sis'] : [];
    this.usm(['account', 'create', person.name, '--last-name', person.last, '--first-name', person.first, ...role], passwordOf(person.name));
  }

  /** Ends all sessions of somebody, who may be an administrator. */
  endSessions(name: string) {
    this.usm(['session', 'end', '--user-name', `=${name}`, '--except-role', 'none']);
  }

  /** Runs the command line on this product's database and answers what it printed. */
  usm(args: string[], input?: string): string {
    return execFileSync(USM, args, { env: this.env(), input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
  }

  /** Starts the server and waits until it is ready, or until an address answers 200. */
  async start(path = '/readyz', headers: Record<string, string> = {}) {
    const args = ['serve', '--listen', `127.0.0.1:${this.port}`, '--time-zone', 'America/Chicago', '--site-name', 'Demo District', ...this.options];
    const server = spawn(USM, args, { env: this.env(), stdio: ['ignore', 'pipe', 'pipe'] });
    this.server = server;
    for (const stream of [server.stdout, server.stderr]) stream!.on('data', (data) => this.log.push(String(data)));
    for (let attempt = 0; attempt < 2_000; attempt++) {
      if (server.exitCode !== null) throw new Error(`usm serve ended: ${this.log.join('')}`);
      if (await this.answers(path, headers)) return;
      await new Promise((done) => setTimeout(done, 5));
    }
    throw new Error(`usm serve is not ready: ${this.log.join('')}`);
  }

  /** Whether an address answers 200. */
  async answers(path: string, headers: Record<string, string> = {}): Promise<boolean> {
    return (await fetch(`${this.url}${path}`, { headers, redirect: 'manual' }).catch(() => undefined))?.status === 200;
  }

  /** Somebody logs in whose pages nobody looks at. Answers his cookie. */
  async logIn(name: string): Promise<string> {
    const answer = await fetch(`${this.url}/sign-in`, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: this.url, 'user-agent': CHROME },
      body: new URLSearchParams({ user_name: name, password: passwordOf(name) }),
    });
    if (answer.status !== 303) throw new Error(`${name} is answered ${answer.status}`);
    return answer.headers.getSetCookie()[0]!.split(';')[0]!;
  }

  /** Memory of the server that no file backs. */
  anonymousKib(): number {
    return Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${this.server!.pid}/status`, 'utf8'))![1]);
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') {
    const server = this.server;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((done) => server.once('exit', done));
    server.kill(signal);
    await ended;
  }

  async remove(info: TestInfo) {
    await this.stop();
    if (info.status !== info.expectedStatus) await info.attach('server log', { body: this.log.join('') });
    rmSync(this.folder, { recursive: true });
  }

  private env() {
    const limits = this.lasting ? { USM_IDLE_TIMEOUT: '12h', USM_SESSION_LIFETIME: '24h' } : {};
    return { ...process.env, ...limits, USM_DATABASE_URL: this.database ?? `sqlite://${join(this.folder, 'usm.db')}`, RUST_LOG: 'info' };
  }
}

async function freePort(): Promise<number> {
  return await new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => done(port));
    });
  });
}

/** What the browser complained about: console, page errors, CSP violations. */
export class Complaints {
  private readonly said: string[] = [];
  private readonly expected: string[] = [];

  async watch(context: BrowserContext) {
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
      });
    });
    context.on('page', (page) => {
      page.on('console', (message) => this.said.push(message.text()));
      page.on('pageerror', (error) => this.said.push(String(error)));
    });
  }

  /** Takes Chromium's own line for a status that the test provoked; fails where it did not come. */
  async expectStatus(status: number) {
    const line = () => this.said.findIndex((text) => text.includes(`responded with a status of ${status}`));
    await expect.poll(line, { message: `Chromium's line for ${status} in ${JSON.stringify(this.said)}` }).toBeGreaterThanOrEqual(0);
    this.said.splice(line(), 1);
  }

  /** The same for a status that comes again and again: no line of it is a complaint any more. */
  async expectStatusAgain(status: number) {
    await this.expectStatus(status);
    this.expected.push(`responded with a status of ${status}`);
  }

  /** Takes Chromium's own lines that the test provoked beside a status; fails where none comes. */
  async expectLine(pattern: RegExp) {
    await expect.poll(() => this.take(pattern), { message: `${pattern} in ${JSON.stringify(this.said)}` }).toBeGreaterThan(0);
  }

  /** Takes every line that matches; answers how many. */
  take(pattern: RegExp): number {
    const before = this.said.length;
    const rest = this.said.filter((text) => !pattern.test(text));
    this.said.splice(0, before, ...rest);
    return before - rest.length;
  }

  all(): readonly string[] {
    return this.said.filter((text) => !this.expected.some((expected) => text.includes(expected)));
  }
}

/** The size of a demo district. */
export type District = {
  accounts: number;
  sessions: number;
  /** Nobody times out while a test looks. */
  lasting?: boolean;
};

type Fixtures = {
  /** A demo district in place of the five people. */
  district: District | undefined;
  product: Product;
  complaints: Complaints;
  /** A browser window of its own, as another person would have. */
  person: (name: string, options?: BrowserContextOptions) => Promise<Page>;
  /** The same, logged in, on the first page. */
  loggedIn: (name: string, options?: BrowserContextOptions) => Promise<Page>;
};

export const test = base.extend<Fixtures>({
  district: [undefined, { option: true }],
  product: async ({ district }, use, info) => {
    // The sessions of a district that does not last must have begun just now.
    const product = district && !district.lasting ? await Product.demo(district) : await Product.copied(district);
    await use(product);
    await product.remove(info);
  },
  complaints: async ({}, use) => {
    const complaints = new Complaints();
    await use(complaints);
    expect(complaints.all()).toEqual([]);
  },
  person: async ({ browser, product, complaints, javaScriptEnabled }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (_name, options) => {
      const context = await browser.newContext({ baseURL: product.url, javaScriptEnabled, viewport: { width: 1280, height: 720 }, timezoneId: 'UTC', ...options });
      contexts.push(context);
      await complaints.watch(context);
      return await context.newPage();
    });
    for (const context of contexts) {
      // Chromium never answers where a page is closed at the moment in which it goes elsewhere, as one does whose session was just ended.
      for (const page of context.pages()) await page.goto('about:blank').catch(() => undefined);
      await context.close();
    }
  },
  loggedIn: async ({ person }, use) => {
    await use(async (name, options) => {
      const page = await person(name, options);
      await page.request.post('/sign-in', { form: { user_name: name, password: passwordOf(name) }, maxRedirects: 0 });
      await page.goto('/');
      return page;
    });
  },
});

export { expect };

/** Playwright starts Chromium without its back/forward cache; people have it. */
export const withBackForwardCache = async (browser: Browser) =>
  await browser.browserType().launch({ ...launchOptions, ignoreDefaultArgs: ['--disable-back-forward-cache'] });

/** Fills in the log-in page and waits for what comes after it. */
export async function logIn(page: Page, name: string, password = passwordOf(name)) {
  if (!page.url().includes('/sign-in')) await page.goto('/sign-in');
  // The box takes the focus when the page is first painted; Chromium complains where somebody types earlier.
  await expect(page.locator(':focus')).toHaveCount(1);
  await page.getByLabel('User Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
}

/** Logs out by the menu of the person. */
export async function logOut(page: Page, name: string) {
  await page.getByRole('button', { name: new RegExp(name) }).click();
  await page.locator('#person-menu').getByRole('button', { name: 'Log out' }).click();
}

/** The page is told to be out of sight, or back in it: Playwright has no way to hide one. */
export const setHidden = async (page: Page, hidden: boolean) =>
  await page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  }, hidden);

/** Waits until the page is interactive; without JavaScript it always is. */
export async function hydrated(page: Page) {
  await page.locator('html[data-hydrated]').waitFor();
}

/** Sends what is ticked for the confirm page, as a click does before the page is alive. */
export async function sendPlan(page: Page, act: 'end' | 'end_disable') {
  await page.evaluate((act) => {
    const form = document.querySelector<HTMLFormElement>('form[action="/sessions/plan"]')!;
    form.append(Object.assign(document.createElement('input'), { type: 'hidden', name: 'act', value: act }));
    form.submit();
  }, act);
  await expect(page.getByRole('heading', { name: /^End sessions / })).toBeVisible();
}
