import type { Route } from './rest-call.ts';

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

interface Compiled {
  readonly route: Route;
  readonly parts: readonly string[];
}

/** Finds routes by method and path; literal parts win over parameters. */
export class Router {
  readonly #byLength = new Map<number, Compiled[]>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const parts = route.template.split('/').slice(1);
      const same = this.#byLength.get(parts.length) ?? [];
      same.push({ route, parts });
      this.#byLength.set(parts.length, same);
    }
    for (const same of this.#byLength.values())
      same.sort((one, other) => parametersOf(one.parts) - parametersOf(other.parts));
  }

  /** 'method' when the path exists for another method. */
  find(method: string, path: string): Match | 'method' | 'path' {
    const given = path.split('/').slice(1);
    let result: 'method' | 'path' = 'path';
    for (const { route, parts } of this.#byLength.get(given.length) ?? []) {
      if (!parts.every((part, index) => part.startsWith('{') || part === given[index])) continue;
      if (route.method === method) return { route, params: paramsOf(parts, given) };
      result = 'method';
    }
    return result;
  }
}

function parametersOf(parts: readonly string[]): number {
  return parts.filter((part) => part.startsWith('{')).length;
}

function paramsOf(parts: readonly string[], given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    parts.flatMap((part, index) =>
      part.startsWith('{') ? [[part.slice(1, -1), decode(given[index] ?? '')] as const] : [],
    ),
  );
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
