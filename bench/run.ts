// `npm run bench`, or `npm run bench -- ingest outbox`: measures, and says how the figures stand to their aims.
import type { Figure } from './support/figure.ts';
import { formatFigures } from './support/figure.ts';
import { describeMachine } from './support/machine.ts';

const benches: Readonly<Record<string, () => Promise<{ measure: () => Promise<readonly Figure[]> }>>> = {
  startup: () => import('./startup.bench.ts'),
  memory: () => import('./memory.bench.ts'),
  echo: () => import('./echo.bench.ts'),
  outbox: () => import('./outbox.bench.ts'),
  history: () => import('./history.bench.ts'),
  ingest: () => import('./ingest.bench.ts'),
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(
    `There is no benchmark ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`,
  );
  process.exit(64);
}

console.log(describeMachine());
const figures: Figure[] = [];
for (const [name, load] of Object.entries(benches)) {
  if (names.length > 0 && !names.includes(name)) continue;
  console.log(`measuring ${name} …`);
  const { measure } = await load();
  figures.push(...(await measure()));
}
console.log(`\n${formatFigures(figures)}`);
