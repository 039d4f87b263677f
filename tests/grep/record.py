"""Records what Python's module `re` makes of each pattern: prints the lines of python_re.jsonl.

Run it with Python 3.11: `python3 tests/grep/record.py > tests/grep/python_re.jsonl`.
"""

import json
import re
import warnings

warnings.simplefilter("ignore")

WORDS = "The cat sat.\nthe Cat_9 sat on 12 mats\n"
MARKS = "naïve café x\u0301y ²½ Ⅷ ‿ straße STRASSE ẞ\u1c80в ǅǆ 日本語😀"
SPACES = "a b\tc\x1cd\x1fe\u00a0f\u2003g\u3000h\x85i\x0bj\x0ck"
LETTERS = "aAbB iIıİ kK\u212a sSſ µμ σςΣ ßẞ åÅ\u212b"

# Texts, then the patterns that are searched for in each of them.
TABLE = [
    ([WORDS], r"""
cat ca. [cC]at (?i)cat \bsat\b \d+ \w+ \W+ \s+ \S+ ^the (?m)^the (?im)^the sat$ (?m)sat$ mats$ mats\Z mats\n\Z \Athe (?i)\Athe
(?s)sat.the sat.the t.*t t.*?t t.+?t at|sat sat|at (?:c|s)at (c|s)at a{1} a{2} a{0} t{1,2} t{,2} o{1,} [a-c]+ [^a-z]+ [^\W\d_]+
[\w.]+ [.] [\]] []] [^]]+ \. \_ \  $ ^ (?m)$ (?m)^ \b \B \Z \A (?m)\Z (?=a) (?!a) (?<=c)a (?<!c)a (?<=the\ )\w+ \w+(?=\ sat) (?<!\w)s
(\w)\w*\1 (?i)(\w)\w*\1 (?P<first>\w)\w*(?P=first) (?P<a>t)(?P<b>h)(?P=a)? ((t)h)e (?>s|sa)at s?+sat \w++. \w*+t \w{2,3}+a
(c)?at(?(1)\w|\.) (?P<c>c)?at(?(c)\w|\.) (?(1)x|c)(a) (c)?(?(1)a|s) x* x*? a*? (?:) () | a| |a a||b (?:a|)t (?:|a)t
(?x)c\ a\ t (?x:sat)\. (?i:THE)\ cat (?-i:the) (?i)(?-i:the) (?s-i:.)at (?#comment)cat c(?#comment)at (?i)(?#x)THE (?i)(?s)THE.
\x74he \u0074he \U00000074he \164he \0 [\164]he [\x74-\x75]he [t-t]he {1} {1}x a{ a{,} a{1,2 a{x} a{1x} a{}
(?:sat){1,2} (?:c|s|m)(?:a)(?:t|ts) (a)(t)\2 (?<=a)t(?=[.\s]) (?<=(?i:A))t (?<![a-z])\w{3}(?![a-z]) .{3} .{3}? (?s).{5}
[a-zA-Z][a-z]*(?=\s) \w+\s+\w+ (?:\w+\s*)+ (?:\w+\s*)+? [[:alpha:]] [[a] [a&&c] [a--c] [a||c] [a~~c] [&&] [a-] [-a] [a\-c] [+--] [!--]
"""),
    ([MARKS], r"""
\w+ \W+ (?a)\w+ (?a)\W+ \b\w (?a)\b\w \w\b \B (?a)\B \d \D+ (?a)\d (?i)straße (?i)STRASSE (?i)ẞ (?i)в (?i)ǆ é \u00e9 [à-ÿ]+ [^\x00-\x7f]+ 😀
\U0001F600 [\U0001F600] . (?:\w\B)+ (?<=\w)\W (?<!\w)\w (?u)\w+ (?u:\w)+ (?i)CAFÉ (?ai)CAFÉ (?i)(é)|(É) \ud800 [\ud800-\udfff] [^\ud800]x 語. (?<=日本)語
"""),
    ([SPACES], r"""\s \s+ \S+ (?a)\s [\s] [^\s]+ (?a)[^\s]+ [\s\d] [^\S] \S\s\S (?<=\s)\w \b \x1c \v \f [\f\v] \t [\b] \a"""),
    ([LETTERS], r"""
(?i)i (?i)I (?i)ı (?i)İ (?i)k (?i)K (?i)s+ (?i)ſ (?i)µ (?i)σ (?i)ς (?i)ß (?i)å (?i)[a-i]+ (?i)[^a-i]+ (?i)[ı] (?i)[k-s]+ (?ai)i (?ai)k (?ai)s+ (?ai)[a-z]+ (?i)(a)\1 (?i)(k)\1
(?i)\w+ (?i)[\W] (?i)[^\W] (?i:a)A (?i:[a])A a(?i:a) (?i)[^σ]+ (?ia:σ)
"""),
    (["", "\n", "a", "a\n", "a\n\n", "aaa", "aXa", "\n\na"], r"""
$ ^ \Z \A \b \B (?m)$ (?m)^ (?m)^$ ^$ a$ a\Z a*$ .* .*? (?s).* (?s).*? .+ (?s).+ a* a*? a+? a?? (a*)* (a*)+ (a*?)*? (a|b)* (?:a?)* (?:a??)*? a*|b (?:a*)+$
(?=a) (?!a) (?<=a) (?<!a) (?=a|$) \n* \n?$ $\n? (?m:$)\n ^a?$ (?s:.)?$ x? x*|a (?:^|,)a? (?m)(?:^)a \ba?\b a*?$ (a)?(?(1)|\n) (?=(a*))\1 (?>a*) a*+ a++a a{2}+a?
"""),
    (["abcabc", "aabbcc aab", "foo(bar) [x-y] {1,2} a.b a+b ^$ \\ |"], r"""
(abc)\1 (a)(b)(c)\3? (?:(a)|b)*c (?:(a)|(b))+ (a|ab)(c|bcd)? (?:a|ab)(?:c|bc) (a+)(b+) (a+?)(b+?) (?=(a+))\1b (?!.*b)a (?<=a)b(?=b) (?<!a)b (?<=a{2})b (?<=[ab]b)c
(?<=(?:ab|bc))a (?<=^a)b (?<=\bf)o (?<=)a (?<!)a (?=)a (?!)a (a)?b (a)?(b)?(c)? ((a)|b)+ (?:(?=(a))a)+ ((?:a|b)+)(c) (.)\1 (.)(.)\2\1? \(\w+\) \[.-.\] \{\d,\d\} a\.b a\+b \^\$ \\ \|
a(?=b)(?=.c) (?>a+)b (?>a|aa)b (a++)b (?:ab){2,}? (?:ab)*? (ab)*c (?:a{1,2}){2} (?:a{1,2}?){2} [^()]+ [\[\]{}]+ [\\|]+ [\^$]+ [$^]+ (?P<é>a)(?P=é)
"""),
    ([WORDS], [
        # Refused, each for one reason.
        "(", ")", "(a", "a)", "((a)", "a|(b", "(?:a", "(?=a", "(?<=a", "(?", "(?P", "(?P<", "(?P<a", "(?P<>a)", "(?P=a)", "(?P=a",
        "(?P>a)", "(?P<1a>b)", "(?P<a b>c)", "(?P<a>b)(?P<a>c)", "(?P=)", "(?<a>b)", "(?<", "(?'a'b)", "(?#", "(?#a", "(?|a)", "(?R)", "(?1)",
        "(?&a)", "(?+1)", "[", "[a", "[]", "[^]", "[^", "[z-a]", r"[\d-z]", r"[a-\d]", "[b-a-c]", "*", "+", "?", "a|*", "(*a)", "(?:*a)",
        "a**", "a*{2}", "a+*", "a???", "a+++", "a{1}{2}", "{1}{2}x*+?", "^*", "$+", r"\b?", r"\A{2}", r"\Z*", "a{2,1}",
        "a{4294967295}", "a{1,99999999999}", "\\", "a\\", "[\\", r"\p{L}", r"\P{L}", r"\K", r"\G", r"\z", r"\e", r"\h", r"\R", r"\X", r"\Q", r"\E",
        r"\cA", r"\g<1>", r"\k<a>", r"\y", r"\i", r"[\A]", r"[\B]", r"[\Z]", r"[\p{L}]", r"[\z]", r"[\1\9]", r"\x", r"\x1", r"\xg1", r"\u12", r"\u{41}",
        r"\U0001F60", r"\U00110000", r"[\x1]", r"\1", r"\2(a)(b)", r"(a)\2", r"(\1)", r"(a\1)", r"\8", r"\99", r"\400", r"[\400]", r"\777", r"(?P<a>(?P=a))",
        "a(?i)b", "(a(?i)b)", "a|(?i)b", "(?:(?i)a)", " (?i)a", "(?i", "(?i-", "(?i-s", "(?i-s)", "(?-", "(?-)", "(?-:a)", "(?-i)", "(?i-i:a)", "(?z)", "(?iz)",
        "(?i-z:a)", "(?L)a", "(?L:a)", "(?au)", "(?a:(?u:b)(?au:c))", "(?-a:b)", "(?i,)", "(?i-,:a)", "(?i:a", "(?s-i:a", "(?u)(?a)a", "(?t:a)",
        "(?<=a*)b", "(?<=a|bc)d", "(?<!a+)b", "(?<=a?)b", r"(a*)(?<=\1)", "(?<=(a){1,2})", r"(?<=(a)\1)b", r"(a(?<=\1))", "(?<=(?(1)a|bb))(c)",
        "(?(1)a|b|c)(d)", "(?(1)a|b)", "(?(0)a)", "(?(a)b)", "(?(-1)a)", "(?()a)", "(?(1", "(?(1)", "(?(1a)b)", "(a)(?(2)b)", "(?P<a>b)(?(b)c)",
        "(?>a", "a\n(", "a\n\nb)", "(?x)a #(\n(", "(?x) # comment (", "(?x)a *\\ *", "(?x)[ a b ]", "(?x)a {2}", "(?x) ( ?:a)", "a\\\n", "\\\u00e9", "\\ ", "\\-",
        "(?=a)*t", "(?=a){2}", "(?:^)*t", "(?:a*)*", "(?:)*", "()*t", "(?<=c)?a", r"(?:\b)+s", "(?!x){3}s", "(?P<name>c)(a)(?P=name)?", "(?i:(?-i:c)A)T",
    ]),
]


def result(pattern, text):
    try:
        return {"spans": [list(found.span()) for found in re.finditer(pattern, text)]}
    except (re.error, OverflowError, ValueError) as error:
        return {"error": str(error)}


def patterns(listed):
    if not isinstance(listed, str):
        return listed
    # A space within a pattern is escaped.
    return [word for word in re.split(r"(?<!\\)\s+", listed) if word]


def main():
    texts = [text for texts, _ in TABLE for text in texts]
    print(json.dumps({"texts": list(dict.fromkeys(texts))}))
    for listed_texts, listed in TABLE:
        for pattern in patterns(listed):
            results = {text: result(pattern, text) for text in listed_texts}
            first = next(iter(results.values()))
            if "error" in first:
                print(json.dumps({"pattern": pattern, "error": first["error"]}))
            else:
                spans = {text: found["spans"] for text, found in results.items()}
                print(json.dumps({"pattern": pattern, "spans": spans}))


if __name__ == "__main__":
    main()
