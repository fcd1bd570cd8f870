/** The frame of every page: one style sheet of our own, Vietnamese first, readable without scripts. */
import type { Child, FC } from 'hono/jsx';

export const Page: FC<{ title: string; demo: boolean; children?: Child }> = ({ title, demo, children }) => (
  <html lang="vi">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>{title} · Ấn Tín</title>
      <link rel="stylesheet" href="/assets/antin.css" />
    </head>
    <body>
      {demo ? (
        <p class="demo" role="note">
          BẢN THỬ: không có giá trị pháp lý. <span lang="en">Demonstration: no legal value.</span>
        </p>
      ) : null}
      <main>{children}</main>
      <footer>
        <p>
          <a href="/">Ấn Tín</a>: ký số và lưu trữ hồ sơ bệnh án
        </p>
      </footer>
    </body>
  </html>
);
