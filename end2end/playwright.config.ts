import { defineConfig } from '@playwright/test';

// Debian's Chromium, silent towards the network.
export const launchOptions = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
};

export default defineConfig({
  reporter: 'list',
  workers: 2,
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  retries: 0,
  timeout: 60_000,
  use: {
    viewport: { width: 1280, height: 720 },
    timezoneId: 'UTC',
    locale: 'en-US',
    launchOptions,
    trace: process.env.TRACE ? 'retain-on-failure' : 'off',
  },
  projects: [
    { name: 'tests', testDir: 'tests' },
    { name: 'screenshots', testDir: 'pictures' },
    // A trace would be measured with the page.
    { name: 'bench', testDir: 'bench', use: { trace: 'off', screenshot: 'off', video: 'off' } },
  ],
});
