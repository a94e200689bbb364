// docs/configuration.md and packaging/examples agree with the parsers.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <sstream>

#include "common/files.h"
#include "keystore/config.h"
#include "provider_module/config.h"
#include "proxy/config.h"

namespace baton::programs {
namespace {

const std::filesystem::path kSource = BATON_SOURCE_DIR;

// The error of parsing, empty when there is none.
using Parser = std::function<std::string(ConfigDocument&)>;

struct Program {
  const char* heading;  // of its part of the document
  const char* example_file;
  std::size_t examples;  // in the document
  Parser parse;
};

template <class Result>
std::string error_text(const Result& result) {
  return result ? "" : result.error().message;
}

const Program kKeystore = {
    "## baton-keystore", "packaging/examples/keystore.toml", 2,
    [](ConfigDocument& document) { return error_text(keystore::parse_config(document)); }};
const Program kProxy = {"## baton-proxy", "packaging/examples/proxy.toml", 3,
                        [](ConfigDocument& document) { return error_text(proxy::parse_config(document)); }};

const Program kProvider = {
    "## baton.so", "packaging/examples/provider.toml", 1,
    [](ConfigDocument& document) { return error_text(provider_module::parse_config(document)); }};

// The lines from a heading to the next one of its level.
std::vector<std::string> section(const Program& program) {
  std::istringstream text(read_text_file(kSource / "docs/configuration.md", kMaxConfigFile).value());
  std::vector<std::string> lines;
  bool inside = false;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("## ")) inside = line == program.heading;
    if (inside) lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> toml_examples(const std::vector<std::string>& lines) {
  std::vector<std::string> examples;
  bool inside = false;
  for (const std::string& line : lines) {
    if (line == "```toml") {
      inside = true;
      examples.emplace_back();
    } else if (line == "```") {
      inside = false;
    } else if (inside) {
      examples.back() += line + "\n";
    }
  }
  return examples;
}

std::string without_backticks(std::string_view cell) {
  std::string text;
  std::copy_if(cell.begin(), cell.end(), std::back_inserter(text), [](char c) { return c != '`'; });
  return text.substr(1, text.size() - 2);
}

// Key and default of each row "| `key` | value | default | meaning |".
std::map<std::string, std::string> documented_keys(const std::vector<std::string>& lines) {
  std::map<std::string, std::string> keys;
  for (const std::string& line : lines) {
    if (!line.starts_with("| `")) continue;
    std::istringstream row(line);
    std::vector<std::string> cells;
    for (std::string cell; std::getline(row, cell, '|');) cells.push_back(cell);
    if (cells.size() != 5) {
      ADD_FAILURE() << "not four columns: " << line;
      continue;
    }
    EXPECT_TRUE(keys.emplace(without_backticks(cells[1]), without_backticks(cells[3])).second) << line;
  }
  return keys;
}

class Documentation : public testing::TestWithParam<Program> {};

TEST_P(Documentation, ExamplesAreCorrect) {
  const auto examples = toml_examples(section(GetParam()));
  EXPECT_EQ(examples.size(), GetParam().examples);
  for (const std::string& example : examples) {
    ConfigDocument document = ConfigDocument::parse(example, "example.toml");
    EXPECT_EQ(GetParam().parse(document), "") << example;
  }
}

TEST_P(Documentation, ExampleFileIsCorrect) {
  ConfigDocument document = ConfigDocument::read(kSource / GetParam().example_file);
  EXPECT_EQ(GetParam().parse(document), "");
}

TEST_P(Documentation, HasEveryKeyWithItsDefault) {
  // Has every table, so that the parser asks for every key.
  ConfigDocument document = ConfigDocument::read(kSource / GetParam().example_file);
  ASSERT_EQ(GetParam().parse(document), "");
  EXPECT_EQ(documented_keys(section(GetParam())), document.known_keys());
}

std::string name_of(const testing::TestParamInfo<Program>& program) {
  return std::array{"keystore", "proxy", "provider"}.at(program.index);
}

INSTANTIATE_TEST_SUITE_P(Programs, Documentation, testing::Values(kKeystore, kProxy, kProvider), name_of);

}  // namespace
}  // namespace baton::programs
