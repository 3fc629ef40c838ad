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
  test: { root: import.meta.dirname, include: ['test/**/*.test.ts'] },
});
