/** Bundles the dashboard into files the daemon serves under a strict content security policy. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: 'src/dashboard',
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../../dist/dashboard',
    emptyOutDir: true,
    target: 'es2022',
    // data: URIs and inline scripts would be refused by the policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // Vitest reads this file too, and its tests do not live under the dashboard.
  // A busy machine is no failure: a test that hangs is still one.
  test: { root: import.meta.dirname, include: ['test/**/*.test.ts'], testTimeout: 20_000, hookTimeout: 20_000 },
});
