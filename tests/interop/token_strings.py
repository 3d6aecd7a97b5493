# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Texts that tell tokenizers apart, as bytes: the same ones on every run, each once. Some are no
valid UTF-8 (is_text tells)."""
import random

SCRIPTS = """
The quick brown fox jumps over the lazy dog.
Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.
Le cœur déçu mais l'âme plutôt naïve, Louÿs rêva de crapaüter en canoë.
El pingüino Wenceslao hizo kilómetros bajo exhaustiva lluvia, ¿añoraba?
Příliš žluťoučký kůň úpěl ďábelské ódy.
Pchnąć w tę łódź jeża lub ośm skrzyń fig.
Árvíztűrő tükörfúrógép
Fahiş bluz güvencesi yağdırma projesi çöktü; İstanbul'da ıslık.
Съешь же ещё этих мягких французских булок, да выпей чаю.
Чуєш їх, доцю, га? Кумедна ж ти, прощайся без ґольфів!
Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.
עטלף אבק נס דרך מזגן שהתפוצץ כי חם
صِف خَلقَ خَودِ كَمِثلِ الشَمسِ إِذ بَزَغَت
پیچ و تاب گیسوی ژولیده‌ای
ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण
আমি কাচ খেতে পারি, তাতে আমার কোনো ক্ষতি হয় না।
ਮੈਂ ਗਲਾਸ ਖਾ ਸਕਦਾ ਹਾਂ
નમસ્તે દુનિયા
நான் கண்ணாடி சாப்பிடுவேன்
నేను గాజు తినగలను
ನನಗೆ ಹಾನಿ ಆಗದೆ
എനിക്ക് ഗ്ലാസ് തിന്നാം
මට වීදුරු කෑමට හැකියි
เป็นมนุษย์สุดประเสริฐเลิศคุณค่า
ຂ້ອຍກິນແກ້ວໄດ້
ကျွန်တော် မှန်စားနိုင်တယ်
ខ្ញុំអាចញុំកញ្ចក់បាន
いろはにほへと ちりぬるを
ウヰノオクヤマ ケフコエテ
私はガラスを食べられます。それは私を傷つけません。
我能吞下玻璃而不伤身体。
我想在apple工作1314151天～
키스의 고유조건은 입술끼리 만나야 하고
ვეპხის ტყაოსანი შოთა რუსთაველი
Կրնամ ապակի ուտել
ᚠᛇᚻ᛫ᛒᛦᚦ᛫ᚠᚱᚩᚠᚢᚱ
ፀሐይ ተወጣች
ᠪᠢ ᠰᠢᠯᠢ ᠢᠳᠡᠶᠦ
བོད་ཡིག
𐌼𐌰𐌲 𐌲𐌻𐌴𐍃 𐌹̈𐍄𐌰𐌽
𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝒻𝑜𝓃𝓉𝓈 𝟙𝟚𝟛
ǅemal ǈubav ǋegoš ǲ
ﬁne ﬂow oﬀ ﷽
Ⅷ ⅷ ½ ⅓ ² ³ ¹ ① ⑳ ㊿
٠١٢٣٤٥٦٧٨٩ १२३४५ ๑๒๓ ０１２３４５
Tiếng Việt: cấm vượt đèn đỏ
naïve vs nai\u0308ve, \u00c5 vs A\u030a vs \u212b, \u1100\u1161\u11a8
Z̸̢̛̰a̷̧͎l̵͖̒g̶̻̈o̴͔̍
cafe\u0301 CAFE\u0301 \u0301alone
"""
EMOJI = """
🚀
(normal) 😶\u200d🌫️ (multiple emojis concatenated) ✅ 🦙🦙
👨\u200d👩\u200d👧\u200d👦 family
👍🏽👎🏿 skin
🇩🇪🇫🇷🇯🇵 flags
1️⃣2️⃣#️⃣*️⃣
🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f
☃☂☎ ♥️♥ ☺︎
a🚀b 🚀c🚀 🚀
🥲🫠🪿
"""
CODE = """
def f(x: int) -> int:\\n    return x**2  # squared\\n
for (int i = 0; i < n; i++) {\\n\\tsum += a[i] * b[i];\\n}
#include <stdio.h>\\r\\nint main(void)\\r\\n{\\r\\n  puts("hi\\\\n");\\r\\n}
SELECT * FROM t WHERE a >= 10 AND b != 'x''y';
<div class="a b">&lt;p&gt; &amp;</div><!-- c -->
{"a": [1, 2.5e-3, null], "b": {"c": true}}
x = y if not z else {**a, 'k': [i for i in range(10)]}
fn main() { let mut v: Vec<u8> = vec![0; 16]; println!("{:?}", v); }
$ grep -rn 'foo.*bar' ./src | awk '{print $1}' > /tmp/out.txt 2>&1
https://example.org/path?q=a%20b&c=d#frag
user.name+tag@example.org
C:\\\\Program Files\\\\x86\\\\a.exe
\\\\frac{1}{2}\\\\sum_{i=0}^{n} x_i^2
camelCase snake_case kebab-case SCREAMING_CASE PascalCase HTTPServer2
0xDEADBEEF 0b1010 1e10 1_000_000 3.14f 10ULL
if(a&&b||!c){d<<=2;e>>=3;f->g;h::i;j...k;}
#!/bin/sh\\nset -eu\\n\\nexec "$@"\\n
a\\n\\n\\nb\\n \\n  \\n   \\nc
\\t\\t\\tindented\\n\\t  mixed\\n  \\tmixed
"""
WORDS = ("the and of to in it he on that was for there then with when who their heart other another "
         "sand tent hello world I you we're I'll DON'T o'clock 'tis it'S he'D we'Ve they'RE Once upon "
         "a time naïve Übung 数 の да").split()
MARKS = ["!", "?", "...", ",", ";", ":", "-", "--", "—", "(", ")", "[", "]", "{", "}", "<", ">", "/",
         "\\", "|", "@", "#", "$", "%", "^", "&", "*", "+", "=", "~", "`", "'", "\"", "''", "```", "_",
         "__", "«", "»", "“", "”", "‘", "’", "…", "€", "£", "§", "°", "•", "!?", "?!", "!!!!", "======",
         "......", "-------", "/*", "*/", "//", "://", "->", "=>", "<=", "&&", "||"]
SPACES = [" ", "  ", "   ", "     ", " " * 9, " " * 17, "\t", "\t\t", " \t ", "\n", "\n\n", "\n\n\n",
          "\r\n", "\r\n\r\n", "\r", " \n", "\n ", " \n \n ", "\u00a0", "\u3000", "\u2003", "\u200b",
          "\u200d", "\ufeff", "\u2028", "\u2029", "\u0085", "\v", "\f", "\u1680", "\u202f"]
INVALID = [b"\x80", b"\xff", b"a\xffb", b"\xc3", b"abc\xc3", b"\xc3(", b"\xe2\x82", b"\xe2(\xa1",
           b"\xf0\x9f\x98", b"\xf0\x9f\x98x", b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\x80",
           b"\xed\xa0\x80", b"\xed\xb0\x80", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xfe\xfe",
           b"hello \xe4 world", b"\xe4\xf6\xfc", b"caf\xe9", b"\x80\x80\x80", b"ok \xf0\x9f\x9a\x80 \xf0",
           b"\xbf the \xbf", b"line\n\xff\nline"]


def lines(block):
    out = []
    for line in block.strip("\n").split("\n"):
        out.append(line)
    return out


def code():
    return [line.replace("\\\\", "\0").replace("\\n", "\n").replace("\\r", "\r")
            .replace("\\t", "\t").replace("\0", "\\") for line in lines(CODE)]


def numbers():
    out = ["1" * n for n in range(1, 13)] + ["3 33 333 3333 33333", "3.3 3..3 3...3", "1,234,567.89"]
    out += ["%d" % 7 ** n for n in range(1, 14)] + ["a1b22c333", "x2 2x", "12th 1st", "v1.2.3-rc4",
                                                    "2024-02-29T23:59:60Z", "50% $3.50 5€ №7"]
    return out


def edges():
    """White space, marks and control characters alone, around and inside words."""
    out = [""]
    for space in SPACES:
        out += [space, "a" + space + "b", space + "the", "and" + space, space + "12" + space + "!"]
    for mark in MARKS:
        out += [mark, "the" + mark + "and", "of " + mark + " to", mark + mark + "\n"]
    out += [chr(c) for c in list(range(1, 9)) + list(range(14, 32)) + [127, 0x80, 0x9f, 0xad]]
    return out + ["a\x00b", "x\x1b[31mred\x1b[0m", "\x07bell\x08"]


def random_texts(rng):
    """Words and marks in any order; printable ASCII; letters from anywhere."""
    out = []
    for _ in range(60):
        parts = [rng.choice(WORDS) + rng.choice(["", "", "", rng.choice(MARKS)]) for _ in range(12)]
        out.append("".join(p + rng.choice([" ", " ", " ", rng.choice(SPACES)]) for p in parts))
    for _ in range(40):
        out.append("".join(chr(rng.randrange(32, 127)) for _ in range(rng.randrange(1, 60))))
    ranges = [(0xa1, 0x250), (0x250, 0x800), (0x800, 0x1200), (0x1e00, 0x2c00), (0x3040, 0xa000),
              (0xac00, 0xd7a4), (0xf900, 0xfe00), (0x1f300, 0x1fa00), (0x10000, 0x10400),
              (0x20000, 0x2a000)]
    for low, high in ranges * 5:
        out.append("".join(chr(rng.randrange(low, high)) for _ in range(rng.randrange(1, 12))))
    return out


def strings():
    """All of them."""
    texts = lines(SCRIPTS) + lines(EMOJI) + code() + numbers() + edges()
    texts += [" " + t for t in lines(SCRIPTS)[:12]] + [t.upper() for t in lines(SCRIPTS)[:12]]
    texts += [" ".join(WORDS), "".join(WORDS), "I've been 'told he's there, 'RE you sure? 'M not"]
    texts += random_texts(random.Random("token strings")) + ["the sand " * 200, "a" * 500]
    return list(dict.fromkeys([t.encode() for t in texts] + INVALID))


def is_text(data):
    try:
        data.decode()
        return True
    except UnicodeDecodeError:
        return False
