/** The only style sheet: no font, picture or script from elsewhere (hospitals are offline). */
export const STYLE = `
:root { color-scheme: light; --ink: #1b1f24; --soft: #57606a; --line: #c9d1d9; --good: #116329; --bad: #a40e26; --wait: #7d4e00; --accent: #0b4f8a; }
* { box-sizing: border-box; }
body { margin: 0; font: 1.0625rem/1.55 "IBM Plex Sans", "Segoe UI", "Noto Sans", system-ui, sans-serif; color: var(--ink); background: #fff; }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.6rem; line-height: 1.45; }
h2 { font-size: 1.2rem; line-height: 1.45; margin-top: 2rem; }
[lang="en"] { color: var(--soft); font-size: 0.92em; }
.demo { margin: 0; padding: 0.6rem 1rem; background: #fff3c4; color: #5c3c00; text-align: center; font-weight: 600; }
.demo [lang="en"] { color: inherit; font-weight: 400; }
.status { padding: 0.8rem 1rem; border: 2px solid currentColor; border-radius: 6px; }
.status.valid { color: var(--good); } .status.withdrawn { color: var(--bad); } .status.superseded, .status.in-preparation { color: var(--wait); }
.status [lang="en"] { color: inherit; }
dl { display: grid; grid-template-columns: minmax(9rem, 16rem) 1fr; gap: 0.4rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 36rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: 0.6rem; } }
form { display: grid; gap: 0.5rem; margin-top: 2rem; max-width: 28rem; }
input, button { font: inherit; min-height: 44px; padding: 0.4rem 0.8rem; border: 1px solid #6e7781; border-radius: 6px; }
button { background: var(--accent); color: #fff; border-color: var(--accent); cursor: pointer; }
a { color: var(--accent); } a:focus-visible, input:focus-visible, button:focus-visible { outline: 3px solid #d18616; outline-offset: 2px; }
article { border-top: 1px solid var(--line); } h3 { font-size: 1em; line-height: 1.45; margin: 0.8rem 0 0.2rem; } article p { margin: 0 0 0.8rem; }
code { font-family: "IBM Plex Mono", ui-monospace, monospace; font-size: 0.95em; overflow-wrap: anywhere; }
footer { border-top: 1px solid var(--line); color: var(--soft); text-align: center; padding: 0.5rem; }
`;
