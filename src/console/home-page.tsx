/** The front door: where everything is. */
import type { FC } from 'hono/jsx';
import { Page } from './page.tsx';

export const HomePage: FC<{ demo: boolean }> = ({ demo }) => (
  <Page title="Trang chủ" demo={demo}>
    <h1>Ấn Tín</h1>
    <p>
      Ký số và lưu trữ hồ sơ bệnh án. <span lang="en">Digital signature and provable archive of hospital records.</span>
    </p>
    <ul>
      <li>
        <a href="/tra-cuu">Tra cứu giấy tờ</a> <span lang="en">Look up a document</span>
      </li>
      <li>
        <a href="/docs">Tài liệu giao diện lập trình</a> <span lang="en">API reference</span>
      </li>
      <li>
        <a href="/openapi.json">OpenAPI 3.1</a>
      </li>
    </ul>
  </Page>
);

export const NoPage: FC<{ demo: boolean }> = ({ demo }) => (
  <Page title="Không có trang này" demo={demo}>
    <h1>
      Không có trang này <span lang="en">There is no such page</span>
    </h1>
    <ul>
      <li>
        <a href="/tra-cuu">Tra cứu giấy tờ</a> <span lang="en">Look up a document</span>
      </li>
      <li>
        <a href="/">Trang chủ</a> <span lang="en">Home</span>
      </li>
    </ul>
  </Page>
);
