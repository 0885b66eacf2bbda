// Keeps what Node makes of the sources, plain JavaScript and bytecode, beside the installed packages, so that
// only the first start pays for it in time and memory. Where that folder cannot be written nothing is kept;
// NODE_COMPILE_CACHE names another. Each thread asks for itself.
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/palyra', import.meta.url)));
