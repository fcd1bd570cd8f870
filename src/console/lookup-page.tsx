/** The public page behind the QR code of each paper. No script, no outside resource. */
import type { FC } from 'hono/jsx';
import type { LookupAnswer, LookupStatus } from '../evidence/index.ts';
import { vnDate } from '../shared/index.ts';
import { Page } from './page.tsx';

const STATUS_WORDS: Readonly<Record<LookupStatus, { icon: string; vi: string; en: string }>> = {
  valid: { icon: '✔', vi: 'Còn giá trị', en: 'Valid' },
  'in-preparation': { icon: '…', vi: 'Chưa ký xong, chưa có giá trị', en: 'Not fully signed: not valid yet' },
  superseded: { icon: '↻', vi: 'Đã được thay thế', en: 'Superseded by a newer document' },
  withdrawn: { icon: '✖', vi: 'Đã thu hồi, không còn giá trị', en: 'Withdrawn: no longer valid' },
};

export const LookupPage: FC<{ code: string; answer: LookupAnswer | undefined; demo: boolean }> = ({
  code,
  answer,
  demo,
}) => (
  <Page title="Tra cứu giấy tờ" demo={demo}>
    <h1>
      Tra cứu giấy tờ <span lang="en">Look up a document</span>
    </h1>
    {answer === undefined ? <Unknown code={code} /> : <Found answer={answer} />}
    <form action="/tra-cuu" method="get">
      <label for="code">
        Mã tra cứu trên giấy <span lang="en">Code on the paper</span>
      </label>
      <input
        id="code"
        name="code"
        value={answer === undefined ? code : ''}
        required
        autocomplete="off"
        maxlength={64}
      />
      <button type="submit">Tra cứu · Look up</button>
    </form>
  </Page>
);

export const TooManyLookups: FC<{ demo: boolean }> = ({ demo }) => (
  <Page title="Tra cứu giấy tờ" demo={demo}>
    <h1>
      Tra cứu giấy tờ <span lang="en">Look up a document</span>
    </h1>
    <p class="status in-preparation" role="status">
      <strong>Quá nhiều lượt tra cứu; thử lại sau một phút.</strong>{' '}
      <span lang="en">Too many lookups; try again in a minute.</span>
    </p>
  </Page>
);

const Unknown: FC<{ code: string }> = ({ code }) =>
  code === '' ? (
    <p>
      Nhập mã in dưới mã QR. <span lang="en">Enter the code printed below the QR code.</span>
    </p>
  ) : (
    <p class="status withdrawn" role="status">
      <strong>✖ Không có giấy tờ nào mang mã này.</strong> Hãy so lại từng ký tự với giấy; nếu đúng, giấy không do nơi
      này cấp.{' '}
      <span lang="en">
        No document has this code. Compare each character; if all are right, the paper was not issued here.
      </span>
    </p>
  );

const Found: FC<{ answer: LookupAnswer }> = ({ answer }) => {
  const words = STATUS_WORDS[answer.status];
  return (
    <>
      <p class={`status ${answer.status}`} role="status">
        <strong>
          {words.icon} {words.vi}
        </strong>{' '}
        <span lang="en">{words.en}</span>
      </p>
      <dl>
        <Row vi="Loại giấy tờ" en="Document" value={answer.title} />
        <Row vi="Số" en="Number" value={answer.number} />
        <Row vi="Nơi cấp" en="Issued by" value={answer.facility} />
        <Row vi="Ngày cấp" en="Issued on" value={vnDate(answer.issuedAt)} />
        <Row vi="Chữ ký" en="Signatures" value={`${answer.signaturesDone}/${answer.signaturesNeeded}`} />
        <Row vi="Mã băm SHA-256 của tệp" en="SHA-256 of the file" value={answer.sha256} />
      </dl>
    </>
  );
};

const Row: FC<{ vi: string; en: string; value: string }> = ({ vi, en, value }) => (
  <>
    <dt>
      {vi} <span lang="en">{en}</span>
    </dt>
    <dd>{value}</dd>
  </>
);
