/** The look of the reference as a web page: nothing is fetched, and it prints. */
export const SPEC_STYLE = `
:root { color-scheme: light dark; --line: #d5d8de; --quiet: #5c6370; --ground: #f5f6f8; --good: #1a7f37; --bad: #c62828; --odd: #9a6700; --link: #0b57d0; }
@media (prefers-color-scheme: dark) { :root { --line: #3a3f48; --quiet: #9aa2b1; --ground: #23272e; --good: #57c26f; --bad: #ff7b72; --odd: #e3b341; --link: #8ab4f8; } }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.55 system-ui, sans-serif; display: grid; grid-template-columns: 17rem minmax(0, 1fr); }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1rem; border-right: 1px solid var(--line); font-size: .84rem; }
nav ul { list-style: none; margin: .1rem 0 .6rem; padding-left: .7rem; }
nav > ul { padding-left: 0; }
main { padding: 1rem 2.2rem 5rem; max-width: 62rem; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
h1 { line-height: 1.2; }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); }
h3 { margin-top: 2.4rem; }
h2:target, h3:target { background: var(--ground); }
h1 .self, h2 .self, h3 .self { visibility: hidden; font-weight: normal; padding-left: .4rem; }
h2:hover .self, h3:hover .self { visibility: visible; }
table { border-collapse: collapse; margin: 1rem 0; font-size: .92rem; display: block; overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--quiet); font-weight: 600; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
code { background: var(--ground); padding: .05em .25em; border-radius: .2em; }
pre { background: var(--ground); padding: .8rem 1rem; overflow-x: auto; line-height: 1.4; border-radius: .3rem; }
pre code { padding: 0; background: none; }
summary { cursor: pointer; color: var(--quiet); }
.holds { color: var(--good); }
.violated, .error { color: var(--bad); font-weight: 600; }
.known-divergence, .not-exercised { color: var(--odd); font-weight: 600; }
.not-applicable { color: var(--quiet); }
@media (max-width: 60rem) { body { display: block; } nav { display: none; } main { padding: 1rem; } }
@media print { body { display: block; } nav { display: none; } }
`;
