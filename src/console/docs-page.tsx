/** The API reference, made of the OpenAPI document that this very process serves; and one page per error code. */
import type { FC } from 'hono/jsx';
import type { Problem } from '../shared/index.ts';
import { Page } from './page.tsx';

export interface OpenApiDocument {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly tags?: readonly string[];
  readonly summary?: string;
  readonly description?: string;
  readonly responses?: Readonly<Record<string, { readonly description?: string }>>;
}

const PARTS: Readonly<Record<string, string>> = {
  documents: 'Tài liệu',
  signing: 'Ký số',
  validation: 'Kiểm tra chữ ký',
  records: 'Hồ sơ bệnh án',
  parties: 'Người ký và chứng thư số',
  operations: 'Vận hành',
};

export const DocsPage: FC<{ api: OpenApiDocument; demo: boolean }> = ({ api, demo }) => {
  const operations = Object.entries(api.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const tags = [...new Set(operations.map(({ operation }) => operation.tags?.[0] ?? ''))];
  return (
    <Page title="Giao diện lập trình" demo={demo}>
      <h1>
        Giao diện lập trình <span lang="en">API reference</span>
      </h1>
      <p>
        Mọi yêu cầu tới <code>/v1</code> phải có tiêu đề <code>Authorization: Bearer antin_…</code>. Lỗi được trả theo
        RFC 9457.{' '}
        <span lang="en">
          Every request to <code>/v1</code> carries an API key in this header; errors are problem details (RFC 9457).
        </span>{' '}
        <a href="/openapi.json">OpenAPI 3.1</a>
      </p>
      {tags.map((tag) => (
        <section>
          <h2>
            {PARTS[tag] ?? tag} <span lang="en">{tag}</span>
          </h2>
          {operations
            .filter(({ operation }) => operation.tags?.[0] === tag)
            .map(({ path, method, operation }) => (
              <article>
                <h3>
                  <code>
                    {method} {path}
                  </code>
                </h3>
                <p>
                  {withCode(operation.summary)}
                  <br />
                  <span lang="en">{withCode(operation.description)}</span>
                </p>
              </article>
            ))}
        </section>
      ))}
    </Page>
  );
};

/** What stands between backticks is code. */
const withCode = (text = '') => text.split('`').map((part, index) => (index % 2 === 0 ? part : <code>{part}</code>));

export const ProblemPage: FC<{ code: string; problem: Problem | undefined; demo: boolean }> = ({
  code,
  problem,
  demo,
}) => (
  <Page title={code} demo={demo}>
    {problem === undefined ? (
      <p role="status">
        Không có mã lỗi này. <span lang="en">There is no such code.</span>
      </p>
    ) : (
      <>
        <h1>
          <code>{code}</code>
        </h1>
        <p>
          <strong>{problem.title.vi}.</strong> {withCode(problem.mend.vi)}
        </p>
        <p lang="en">
          <strong>{problem.title.en}.</strong> {withCode(problem.mend.en)}
        </p>
      </>
    )}
  </Page>
);
