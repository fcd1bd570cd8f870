/** Pages for people, added to the app that also serves the API. Strict Content-Security-Policy, nothing from elsewhere. */
import type { Context, Hono } from 'hono';
import type { Lookup } from '../evidence/index.ts';
import { createRateLimit } from '../platform/access/index.ts';
import { type Clock, PROBLEMS } from '../shared/index.ts';
import { DocsPage, type OpenApiDocument, ProblemPage } from './docs-page.tsx';
import { HomePage, NoPage } from './home-page.tsx';
import { LookupPage, TooManyLookups } from './lookup-page.tsx';
import { STYLE } from './style.ts';

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
};

export interface ConsoleDeps {
  readonly lookup: Lookup;
  readonly clock: Clock;
  readonly demo: boolean;
  /** Lookups from one address in a minute; a code has 130 random bits, so this only keeps the noise down. */
  readonly lookupsPerMinute: number;
  readonly openApi: () => Promise<OpenApiDocument>;
}

// biome-ignore lint/suspicious/noExplicitAny: the pages do not care which variables the app carries
export function addConsole(app: Hono<any>, deps: ConsoleDeps): void {
  const { demo } = deps;
  const lookups = createRateLimit({ clock: deps.clock, perMinute: deps.lookupsPerMinute });
  const page = (c: Context, body: unknown, status: 200 | 404 | 429 = 200) => {
    for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
    return c.html(`<!doctype html>${String(body)}`, status);
  };

  app.get('/assets/antin.css', (c) =>
    c.body(STYLE, 200, { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'public, max-age=3600' }),
  );
  app.get('/', (c) => page(c, <HomePage demo={demo} />));
  app.get('/tra-cuu', (c) => {
    const code = c.req.query('code')?.trim() ?? '';
    if (code !== '') return c.redirect(`/tra-cuu/${encodeURIComponent(code)}`, 303);
    return page(c, <LookupPage code="" answer={undefined} demo={demo} />);
  });
  app.get('/tra-cuu/:code', async (c) => {
    // Set for every request by the app that carries the pages.
    const wait = lookups(String(c.get('address')));
    if (wait > 0) {
      c.header('retry-after', String(wait));
      return page(c, <TooManyLookups demo={demo} />, 429);
    }
    const code = c.req.param('code');
    const answer = await deps.lookup(code);
    return page(c, <LookupPage code={code} answer={answer} demo={demo} />, answer === undefined ? 404 : 200);
  });
  app.get('/docs', async (c) => page(c, <DocsPage api={await deps.openApi()} demo={demo} />));
  app.get('/docs/problems/:code', (c) => {
    const code = c.req.param('code');
    const problem = Object.hasOwn(PROBLEMS, code) ? PROBLEMS[code as keyof typeof PROBLEMS] : undefined;
    return page(c, <ProblemPage code={code} problem={problem} demo={demo} />, problem === undefined ? 404 : 200);
  });
  // Programs are told in their own way.
  app.get('*', async (c, next) => {
    const isPerson = (c.req.header('accept') ?? '').includes('text/html') && !c.req.path.startsWith('/v1/');
    return isPerson ? page(c, <NoPage demo={demo} />, 404) : next();
  });
}
