// Node runs TypeScript as it is, but not below a node_modules folder, which is where `npx palyra` puts us.
// There, and only there, strip the types with the very function that Node itself would use.
import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';

const ours = new URL('../src/', import.meta.url).href;

if (ours.includes('/node_modules/')) {
  forgoWarning();
  registerHooks({
    load(url, context, nextLoad) {
      if (!url.startsWith(ours) || !url.endsWith('.ts')) return nextLoad(url, context);
      const source = stripTypeScriptTypes(readFileSync(fileURLToPath(url), 'utf8'));
      return { format: 'module', source, shortCircuit: true };
    },
  });
}

/** Node warns of the function once in each thread, and the people who use a command line can do nothing about it. */
function forgoWarning() {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  stripTypeScriptTypes('');
  process.emitWarning = emitWarning;
}
