import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { generatedDocs } from '../scripts/generate-docs.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const pages = [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...readdirSync(`${root}/docs`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

describe('the documentation', () => {
  it.each(Object.entries(generatedDocs()))(
    'says in %s what the code says (else: npm run docs)',
    (name, text) => {
      expect(readFileSync(`${root}/docs/${name}`, 'utf8')).toBe(text);
    },
  );

  it.each(pages)('links in %s only to pages that are there', (page) => {
    const text = readFileSync(`${root}/${page}`, 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = '']) => target);

    const base = page.startsWith('docs/') ? `${root}/docs/` : `${root}/`;
    expect(links.filter((link) => !exists(`${base}${link}`))).toEqual([]);
  });

  it('names only commands that there are', () => {
    const known = new Set(
      [...generatedDocs()['cli.md']!.matchAll(/^### `palyra ([a-z -]+?)(?: [<[].*)?`$/gm)].map(
        ([, path = '']) => path,
      ),
    );
    const named = pages.flatMap((page) =>
      [
        ...readFileSync(`${root}/${page}`, 'utf8').matchAll(
          /(?:^|`|\$ |-- )palyra ((?:[a-z]+(?:-[a-z]+)*)(?: [a-z]+(?:-[a-z]+)*)*)/gm,
        ),
      ].map(([, words = '']) => [page, words] as const),
    );

    const unknown = named.filter(
      ([, words]) =>
        ![...known].some(
          (command) =>
            words === command || words.startsWith(`${command} `) || command.startsWith(`${words} `),
        ),
    );

    expect(named.length).toBeGreaterThan(10);
    expect(unknown).toEqual([]);
  });
});

function exists(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EISDIR';
  }
}
