#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>
#include <vector>

#include "codec/json_object.h"
#include "codec/json_reader.h"
#include "codec/json_text.h"

namespace mr::json {
namespace {

const std::vector<std::string> well_formed = {
    "{}",
    "[]",
    "0",
    "-0",
    "1.5e-3",
    "1E+9",
    "\"\"",
    "true",
    "false",
    "null",
    " \t\r\n{ \"a\" : [ 1 , { } , [ ] , \"x\" ] , \"b\" : null } ",
    R"("\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00")",
    R"({"a":{"b":{"c":[[[]]]}},"long string of more than sixteen bytes":"and another one, long"})",
    "[1,2,3,[4,[5,[6]]],{\"k\":[]}]",
    "123.456",
    "\"zo\xc3\xab\"",
    "[{},{}]"};

const std::vector<std::string> malformed = {"",
                                            " ",
                                            "{",
                                            "[",
                                            "{]",
                                            "[}",
                                            "[1,]",
                                            "[,1]",
                                            "{,}",
                                            "{\"a\"}",
                                            "{\"a\":}",
                                            "{\"a\":1,}",
                                            "{a:1}",
                                            "{\"a\":1 \"b\":2}",
                                            "[1 2]",
                                            "01",
                                            "1.",
                                            ".5",
                                            "1e",
                                            "-",
                                            "+1",
                                            "0x1",
                                            "tru",
                                            "nul",
                                            "truee",
                                            "\"",
                                            "\"\\\"",
                                            "\"\\x\"",
                                            "\"\\u12g4\"",
                                            "\"\\u12",
                                            "\"a\nb\"",
                                            "\"a\tb\"",
                                            "1 2",
                                            "{}{}",
                                            "[]]",
                                            "{\"a\":1}}",
                                            "'a'",
                                            "NaN",
                                            "[1,,2]",
                                            "{\"a\":1,,\"b\":2}",
                                            "\"\x01\"",
                                            "{\"a\" 1}",
                                            "{1:2}",
                                            "[\"a",
                                            "{\"a\":[}",
                                            "\xef\xbb\xbf{}"};

TEST(JsonReader, AcceptsWhatIsWellFormedAndNothingElse) {
  for (const std::string& text : well_formed) EXPECT_TRUE(is_valid(text)) << text;
  for (const std::string& text : malformed) EXPECT_FALSE(is_valid(text)) << text;
}

TEST(JsonReader, AgreesWithSimdjson) {
  simdjson::dom::parser parser;
  std::vector<std::string> texts = well_formed;
  texts.insert(texts.end(), malformed.begin(), malformed.end());
  // Every cut and every single replaced byte of a text with all kinds of tokens.
  const std::string seed = R"({"a":[1,-2.5e3,"x\n\u0041",true],"b":{"c":null,"d":false}} )";
  for (size_t i = 0; i < seed.size(); ++i) {
    texts.push_back(seed.substr(0, i));
    for (const char c : std::string("{}[],:\"\\0a-e.\n \x01u")) {
      texts.push_back(seed);
      texts.back()[i] = c;
    }
  }
  for (const std::string& text : texts) {
    if (text.starts_with("\xef\xbb\xbf")) continue;
    simdjson::dom::element element;
    const auto verdict = parser.parse(text).get(element);
    EXPECT_EQ(is_valid(text), verdict == simdjson::SUCCESS) << text;
  }
}

// Strings are looked through 64 bytes at a time: one that begins, ends or is wrong at any place.
TEST(JsonReader, FindsTheEndOfAStringAtEveryPlace) {
  for (size_t before = 0; before < 70; ++before) {
    for (size_t length = 0; length < 140; length += length < 5 ? 1 : 3) {
      const std::string blanks(before, ' ');
      const std::string plain(length, 'x');
      const std::string text = blanks + '"' + plain + R"(\"\u00e4")";
      Reader escaped(text);
      EXPECT_EQ(escaped.value(), text.substr(before)) << before << " " << length;
      EXPECT_TRUE(escaped.at_end());
      const std::string broken = blanks + '"' + plain + "\n\"";
      Reader control(broken);
      EXPECT_TRUE(control.value().empty());
      EXPECT_EQ(control.position(), before + 1 + length);
      Reader open(std::string_view(text).substr(0, before + 1 + length));
      EXPECT_TRUE(open.value().empty()) << before << " " << length;
    }
  }
}

TEST(JsonReader, KeepsWhatSimdjsonCannotHold) {
  EXPECT_TRUE(is_valid("123456789012345678901234567890"));
  EXPECT_TRUE(is_valid("1e999"));
  EXPECT_TRUE(is_valid(R"("\ud800")"));
  EXPECT_FALSE(is_valid("\"\xed\xa0\x80\""));
}

TEST(JsonReader, RefusesDepthBeyondTheLimit) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(is_valid(nested(depth_max)));
  EXPECT_FALSE(is_valid(nested(depth_max + 1)));
  EXPECT_FALSE(is_valid(std::string(1'000'000, '[')));
  std::string objects;
  for (size_t i = 0; i < depth_max; ++i) objects += "{\"a\":";
  EXPECT_TRUE(is_valid(objects + "1" + std::string(depth_max, '}')));
}

TEST(JsonReader, WalksIntoNestedValues) {
  Reader reader(R"( {"x":1,"batch":[{"e":"a"},{"e":"b"}],"es\u0063":{"deep":[1]},"y":2} )");
  std::vector<std::string> seen;
  std::string_view key;
  ASSERT_TRUE(reader.enter_object());
  while (reader.next_member(key)) {
    seen.emplace_back(key);
    if (key == "batch") {
      ASSERT_EQ(reader.peek(), Kind::array);
      reader.enter_array();
      while (reader.next_item()) {
        reader.enter_object();
        while (reader.next_member(key)) seen.emplace_back(reader.value());
      }
    } else {
      seen.emplace_back(reader.value());
    }
  }
  EXPECT_TRUE(reader.at_end());
  EXPECT_EQ(seen, (std::vector<std::string>{"x", "1", "batch", "\"a\"", "\"b\"", "esc",
                                            R"({"deep":[1]})", "y", "2"}));
}

TEST(JsonReader, TheWalkIsAsStrictAsTheSkip) {
  for (const std::string& text : malformed) {
    Reader reader(text);
    std::string_view key;
    if (reader.peek() == Kind::object) {
      reader.enter_object();
      while (reader.next_member(key)) reader.value();
    } else {
      reader.enter_array();
      while (reader.next_item()) reader.value();
    }
    EXPECT_FALSE(reader.at_end()) << text;
  }
}

TEST(JsonReader, NamesTheByte) {
  const auto object = Object::parse(R"({"a":tru})");
  ASSERT_FALSE(object.has_value());
  EXPECT_EQ(object.error().message(), "unknown word at byte 5");
}

TEST(JsonText, QuotesAndUnquotes) {
  const std::string text = "a\"b\\c\n\x01/\xc3\xab";
  EXPECT_EQ(quote(text), "\"a\\\"b\\\\c\\n\\u0001/\xc3\xab\"");
  EXPECT_EQ(unquote(quote(text)), text);
  EXPECT_EQ(unquote(R"("\ud83d\ude00\u0041\/")"),
            "\xf0\x9f\x98\x80"
            "A/");
  EXPECT_EQ(unquote(R"("\ud83dx\ude00")"), "\xef\xbf\xbdx\xef\xbf\xbd");
  EXPECT_EQ(unquote("12"), std::nullopt);
}

TEST(JsonText, EveryByteAtEveryPlaceIsQuotedSoThatItComesBack) {
  for (int c = 0; c < 128; ++c) {
    for (size_t at = 0; at < 40; ++at) {
      std::string text(40, 'x');
      text[at] = static_cast<char>(c);
      text[39 - at] = '"';
      const std::string quoted = quote(text);
      ASSERT_TRUE(is_valid(quoted)) << quoted;
      ASSERT_EQ(unquote(quoted), text);
      simdjson::dom::parser parser;
      std::string_view theirs;
      ASSERT_EQ(parser.parse(quoted).get(theirs), simdjson::SUCCESS);
      ASSERT_EQ(theirs, text);
    }
  }
  EXPECT_EQ(quote("\b\t\n\v\f\r\x1f"), "\"\\b\\t\\n\\u000b\\f\\r\\u001f\"");
  EXPECT_EQ(quote(std::string(1000, '\x01')).size(), 6002u);
}

TEST(JsonText, ReadsNumbersAndTruth) {
  EXPECT_EQ(as_int64("-12"), -12);
  EXPECT_EQ(as_int64("1.0"), std::nullopt);
  EXPECT_EQ(as_int64("99999999999999999999"), std::nullopt);
  EXPECT_EQ(as_double("2.5"), 2.5);
  EXPECT_EQ(as_double("\"2\""), std::nullopt);
  EXPECT_FALSE(is_truthy("0"));
  EXPECT_FALSE(is_truthy("0.0"));
  EXPECT_FALSE(is_truthy("\"\""));
  EXPECT_FALSE(is_truthy("null"));
  EXPECT_TRUE(is_truthy("[]"));
  EXPECT_TRUE(is_truthy("\"0\""));
}

TEST(JsonText, CompactsWithoutTouchingStrings) {
  std::string out;
  append_compact(out, "{ \"a b\" : [ 1 , \" \\\" x \" ] }");
  EXPECT_EQ(out, "{\"a b\":[1,\" \\\" x \"]}");
  EXPECT_EQ(to_plain_text("\"x\""), "x");
  EXPECT_EQ(to_plain_text("12.50"), "12.50");
}

TEST(JsonText, FindsOneMember) {
  EXPECT_EQ(member_of(R"({"a":1,"\u0062":[2],"a":3})", "a"), "3");
  EXPECT_EQ(member_of(R"({"a":1,"\u0062":[2]})", "b"), "[2]");
  EXPECT_EQ(member_of("[1]", "a"), "");
  EXPECT_EQ(member_of("", "a"), "");
}

TEST(JsonText, EqualityIsByMeaning) {
  EXPECT_TRUE(equal("1.0", "1"));
  EXPECT_TRUE(equal(R"("A")", R"("\u0041")"));
  EXPECT_TRUE(equal(R"({"a":1,"b":[1,2]})", R"({ "b":[1, 2],"a":1.0})"));
  EXPECT_FALSE(equal("[1,2]", "[2,1]"));
  EXPECT_FALSE(equal("9007199254740993", "9007199254740992"));
  EXPECT_FALSE(equal("1", "\"1\""));
  EXPECT_FALSE(equal("null", "false"));
}

TEST(JsonObject, KeepsValuesExactlyAndOrder) {
  const std::string text = R"({"z":1.50,"a":{"k" : "\u0041"},"n":12345678901234567890123})";
  const auto object = Object::parse(text);
  ASSERT_TRUE(object.has_value());
  EXPECT_EQ(object->to_json(), text);
  EXPECT_EQ(object->find("a"), R"({"k" : "\u0041"})");
}

TEST(JsonObject, ARepeatedKeyKeepsItsFirstPlaceAndLastValue) {
  EXPECT_EQ(Object::parse(R"({"a":1,"b":2,"\u0061":3})")->to_json(), R"({"a":3,"b":2})");
}

TEST(JsonObject, ChangesInPlaceOrAtTheEnd) {
  auto object = Object::parse(R"({"a":1,"b":2})");
  object->set("a", "[1]");
  object->set_text("c\n", "x\"y");
  EXPECT_EQ(object->to_json(), R"({"a":[1],"b":2,"c\n":"x\"y"})");
  EXPECT_TRUE(object->erase("b"));
  EXPECT_FALSE(object->erase("b"));
  EXPECT_EQ(object->find_text("c\n"), "x\"y");
  EXPECT_EQ(object->find_text("a"), std::nullopt);
  EXPECT_EQ(Object().to_json(), "{}");
}

TEST(JsonObject, ManyKeysStayOneByOneFindable) {
  Object object;
  for (int i = 0; i < 5000; ++i) object.set("key" + std::to_string(i), std::to_string(i));
  for (int i = 0; i < 5000; i += 7) object.set("key" + std::to_string(i), "0");
  EXPECT_EQ(object.size(), 5000u);
  EXPECT_EQ(object.find("key4999"), "4999");
  EXPECT_EQ(object.find("key7"), "0");
  EXPECT_TRUE(object.erase("key0"));
  EXPECT_EQ(object.find("key4999"), "4999");
  EXPECT_EQ(object.find("key0"), std::nullopt);
  const auto again = Object::parse(object.to_json());
  EXPECT_EQ(again->size(), 4999u);
}

TEST(JsonObject, CopiesAndMovesKeepTheirText) {
  Object copy;
  Object moved;
  {
    std::string text = R"({"a":"one","b":{"c":2}})";
    Object object = *Object::parse(text);
    text.assign(text.size(), '#');
    copy = object;
    moved = std::move(object);
  }
  EXPECT_EQ(copy.to_json(), R"({"a":"one","b":{"c":2}})");
  EXPECT_EQ(moved.to_json(), copy.to_json());
  moved.overlay(copy);
  moved.set("d", "1");
  EXPECT_EQ(moved.to_json(), R"({"a":"one","b":{"c":2},"d":1})");
}

TEST(JsonObject, AMovedFromObjectIsEmptyAndUsable) {
  Object first = *Object::parse(R"({"a":"one"})");
  Object second = std::move(first);
  first = Object();
  first.set("b", "2");
  second.set("c", "3");
  EXPECT_EQ(first.to_json(), R"({"b":2})");
  EXPECT_EQ(second.to_json(), R"({"a":"one","c":3})");
}

TEST(JsonObject, RefusesOtherKindsAndBadUtf8) {
  EXPECT_FALSE(Object::parse("[]").has_value());
  EXPECT_FALSE(Object::parse("{} x").has_value());
  EXPECT_FALSE(Object::parse("{\"a\":\"\xff\"}").has_value());
}

}  // namespace
}  // namespace mr::json
