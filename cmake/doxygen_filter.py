#!/usr/bin/env python3
"""doxygen_filter.py HEADER: the header with its comments in Doxygen's marks, line by line, for cmake/Doxyfile.

The headers are written for people who open them, with plain comments. What a comment belongs to follows from where it
stands:

- In front of `#pragma once`: to the file.
- Above a declaration: to that one, and to those below it that have no comment of their own, up to the next blank line.
- Behind a declaration, and below that in the same column: to the declaration.
- `--- text ---`: the heading of what follows.

Lines that are indented in a comment are shown as they are. Left out: what a comment calls "For Baton itself", and
constructors, destructors, assignments, comparisons and specializations that have no comment of their own.
"""
import re
import sys

SPECIAL = re.compile(
    r"^template <>|friend bool operator|= (default|delete);|~\w+\(\)|^(\w+)\(\2&&\)|^(\w+)& operator=\(\3&&")
MARKUP = re.compile(r"[\\@<>#*&$%]|(?<!\w)::")
SCOPE = re.compile(r'\b(namespace|class|struct|union|enum)\b|extern "_"')
DECLARED_ONLY = re.compile(r"(template <[^>]*>\s*)?(class|struct) \w+;$")
HEADING = re.compile(r"--- (.+?) -+$")


def escaped(text):
    """Nothing in a comment is a command or markup but backticks. In these and in quotes Doxygen looks for none."""
    parts = re.split(r'(`[^`]*`|"[^"]*")', text)
    return "".join(part if i % 2 else MARKUP.sub(r"\\\g<0>", part) for i, part in enumerate(parts))


class Line:
    """One line: its code without strings and comment, and its comment. `inside`: in a C comment that goes on."""

    def __init__(self, text, inside):
        self.text = text
        self.mark = None
        self.continues = inside
        code = re.sub(r'"(\\.|[^"\\])*"', lambda match: '"' + "_" * (len(match[0]) - 2) + '"', text)
        code = re.sub(r"/\*.*?\*/(?= *[^ ])", lambda match: " " * len(match[0]), code)
        if inside:
            self.column = 0
            self.comment = re.sub(r"^ *(\*(?!/))? ?", "", text)
            self.code = ""
        else:
            start = re.search(r"//|/\*", code)
            self.column = start.start() if start else len(code)
            self.code = code[:self.column]
            if start:
                self.mark = start[0]
                self.comment = text[self.column + 2:].removeprefix(" ")
            else:
                self.comment = None
        self.in_c_comment = inside or self.mark == "/*"
        self.open = False
        if self.in_c_comment:
            self.open = not self.comment.rstrip().endswith("*/")
            self.comment = self.comment.rstrip().removesuffix("*/").rstrip()

    @property
    def is_blank(self):
        return not self.text.strip()

    @property
    def is_comment(self):
        return self.comment is not None and not self.code.strip()


class Declaration:
    def __init__(self, first):
        self.first = first
        self.last = first
        self.code = ""
        self.own = []       # numbers of the lines of the comment above
        self.trailing = []  # numbers of the lines with the comment behind
        self.shared = None  # the declaration whose comment is this one's, too
        self.opens_scope = False

    def comment(self, lines):
        return " ".join(lines[number].comment for number in self.own or self.trailing)


def lines_of(text):
    lines = []
    for line in text.split("\n"):
        lines.append(Line(line, bool(lines) and lines[-1].open))
    return lines


class Reader:
    """Finds the declarations and what each comment belongs to. Knows as much C++ as public headers need."""

    def __init__(self, lines):
        self.lines = lines
        self.declarations = []
        self.headings = {}  # line: text, and how many scopes lie around it
        self.ends = {}      # line: how many scopes lie around the headings that end in front of it
        self.file_comment = []
        self.scopes = []    # of each open brace: "names", "enum" or "body"
        self.current = None
        self.parentheses = 0
        self.pending = []   # the comment above
        self.paragraph = None
        self.read()

    def read(self):
        for number, line in enumerate(self.lines):
            if line.is_blank:
                self.leave_paragraph()
            elif line.is_comment:
                self.read_comment(number, line)
            elif line.code.lstrip().startswith("#"):
                self.read_directive(number, line)
            else:
                self.read_code(number, line)

    def leave_paragraph(self):
        if not self.current:
            self.pending = []
            self.paragraph = None

    def read_comment(self, number, line):
        last = self.declarations[-1] if self.declarations else None
        before = self.lines[number - 1] if number else None
        follows = last and last.trailing and last.trailing[-1] == number - 1
        if follows and (line.continues or line.column == before.column):
            last.trailing.append(number)
        elif HEADING.match(line.comment):
            self.headings[number] = HEADING.match(line.comment)[1], len(self.scopes)
            self.leave_paragraph()
        elif not self.current:
            if not (self.pending and self.pending[-1] == number - 1):
                self.pending = []
            self.pending.append(number)

    def read_directive(self, number, line):
        if line.code.startswith("#pragma once") and not self.file_comment:
            self.file_comment, self.pending = self.pending, []
        elif line.code.startswith("#define"):
            self.begin(number)
            self.current.code = line.code
            self.end(number)

    def begin(self, number):
        self.current = Declaration(number)
        if self.pending:
            self.current.own, self.pending = self.pending, []
            self.paragraph = self.current
        else:
            self.current.shared = self.paragraph
        self.declarations.append(self.current)

    def end(self, number):
        self.current.last = number
        self.current = None

    def in_body(self):
        return bool(self.scopes) and self.scopes[-1] == "body"

    def read_code(self, number, line):
        ended = None
        for word in re.findall(r"\w+:(?!:)|\w+|\s+|.", line.code):
            ended = self.read_word(number, word) or ended
        target = ended or self.current
        if target and line.comment is not None:
            target.trailing.append(number)

    def read_word(self, number, word):
        """The declaration that ends with this word, if one does."""
        if word in ("public:", "private:", "protected:") and not self.current:
            self.pending, self.paragraph = [], None
            if word != "public:":
                self.ends[number] = len(self.scopes)
            return None
        if not self.current:
            if word == "}":
                self.close_scope(number)
                return None
            if not word.strip() or word in (";", ","):
                return None
            self.begin(number)
        current = self.current
        if not self.in_body():
            current.code += word
        if word in "()":
            self.parentheses += 1 if word == "(" else -1
        elif self.parentheses:
            return None
        elif word == "{":
            return self.open_scope(number)
        elif word == "}":
            return self.close_in_declaration(number)
        elif word == ";" and not self.in_body() or word == "," and self.scopes[-1:] == ["enum"]:
            self.end(number)
            return current
        return None

    def open_scope(self, number):
        scope = SCOPE.search(self.current.code)
        is_specialization = self.current.code.lstrip().startswith("template <>")
        if self.in_body() or not scope or is_specialization or "(" in self.current.code:
            self.scopes.append("body")
            return None
        current = self.current
        current.opens_scope = True
        self.scopes.append("enum" if "enum" in current.code else "names")
        self.end(number)
        if scope[1] == "namespace" or not scope[1]:
            self.declarations.remove(current)
        self.paragraph = None
        return current

    def close_scope(self, number):
        self.ends[number] = len(self.scopes)
        self.scopes.pop()
        self.pending, self.paragraph = [], None

    def close_in_declaration(self, number):
        current = self.current
        if not self.in_body():  # behind the last enumerator
            self.end(number)
            self.close_scope(number)
            return current
        self.scopes.pop()
        if not self.in_body() and "(" in current.code and "=" not in current.code.split(")")[-1]:
            self.end(number)
            return current
        return None


class Writer:
    def __init__(self, lines, reader):
        self.lines = lines
        self.reader = reader
        self.out = [line.text for line in lines]

    def write(self):
        self.write_comment(self.reader.file_comment, " @file")
        for declaration in self.reader.declarations:
            self.write_declaration(declaration)
        self.write_headings()
        text = "\n".join(self.out)
        # Which Asio it is does not show in the names of the reference.
        text = re.sub(r"::inline BATON_ASIO_FLAVOUR\b", "", text)
        # Doxygen takes the mark between digits for a quotation mark.
        return re.sub(r"(?<=\d)'(?=\d)", "", text)

    def write_comment(self, numbers, command=""):
        for number in numbers:
            self.write_comment_line(number)
        if numbers:
            self.out[numbers[-1]] += command
        self.close_c_comments(numbers)

    def write_trailing(self, numbers):
        for number in numbers:
            self.write_comment_line(number, "<")
        self.close_c_comments(numbers)

    def write_comment_line(self, number, behind=""):
        line = self.lines[number]
        text = escaped(line.comment)
        if self.is_code(number):
            text = line.comment[2:].removeprefix(" ")
            text = text if self.is_code(number - 1) else "@code{.unparsed} " + text
            text = text if self.is_code(number + 1) else text + " @endcode"
        mark = {"//": "///", "/*": "/**", None: " *"}[line.mark]
        self.out[number] = line.text[:line.column] + mark + (behind if line.mark else "") + " " + text

    def close_c_comments(self, numbers):
        for number in numbers:
            if self.lines[number].in_c_comment and not self.lines[number].open:
                self.out[number] += " */"

    def is_code(self, number):
        line = self.lines[number] if 0 <= number < len(self.lines) else None
        return bool(line and line.is_comment and line.comment.startswith("  "))

    def write_declaration(self, declaration):
        comment = declaration.comment(self.lines)
        if DECLARED_ONLY.match(declaration.code.strip()):
            return
        source = declaration.shared if not comment else None
        is_special = not comment and SPECIAL.search(declaration.code.strip())
        if source:
            comment = source.comment(self.lines)
        if is_special or comment.startswith("For Baton itself"):
            self.hide(declaration)
            return
        self.write_comment(declaration.own)
        self.write_trailing(declaration.trailing)
        if source:
            self.out[declaration.first] = f"/** {self.in_one_line(source)} */ {self.out[declaration.first]}"

    def in_one_line(self, declaration):
        """Its comment, for another declaration: in front of that, so that no line moves."""
        texts = [self.lines[number].comment for number in declaration.own if not self.is_code(number)]
        return escaped(" ".join(text or "<br>" for text in texts)).replace(r"\<br\>", "<br>").replace("*/", "* /")

    def hide(self, declaration):
        if declaration.opens_scope:
            raise SystemExit(f"line {declaration.first + 1}: only what ends here can be left out")
        first, last = declaration.first, declaration.last
        self.out[first] = "/** @cond */ " + self.lines[first].text.split("//")[0]
        for number in range(first + 1, last + 1):
            self.out[number] = self.lines[number].text.split("//")[0]
        self.out[last] += " /** @endcond */"

    def write_headings(self):
        depth = None  # of the heading that is open
        for number in sorted(self.reader.ends.keys() | self.reader.headings.keys()):
            if depth is not None and (number in self.reader.headings or self.reader.ends[number] <= depth):
                self.out[number] = "/** @} */ " + self.out[number]
                depth = None
            if number in self.reader.headings:
                heading, depth = self.reader.headings[number]
                self.out[number] = self.out[number].split(self.lines[number].text.lstrip())[0]
                self.out[number] += f"/** @name {escaped(heading)} */ /** @{{ */"


def filtered(text):
    lines = lines_of(text)
    return Writer(lines, Reader(lines)).write()


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as header:
        sys.stdout.write(filtered(header.read()))
