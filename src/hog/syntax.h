#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <variant>
#include <vector>

#include "hog/opcode.h"
#include "hog/program.h"
#include "hog/token.h"

namespace mr::hog {

// The syntax tree: what the parser gives and what compiler and formatter take. Nodes are plain
// structs in a variant; they belong to the SyntaxTree and point at each other.

struct Expression;
struct Statement;
using ExpressionList = std::vector<const Expression*>;

struct Block {
  std::vector<const Statement*> statements;
  Span span;
};

// A name where it is declared or called.
struct Identifier {
  std::string text;
  Span span;
};

// Expressions. ---------------------------------------------------------------------------------

struct Constant {
  Cell value;
  // Text between the holes of a template or a tag, and an attribute without a value: not written
  // as a literal.
  bool bare = false;
};
// A variable and the names behind its dots: `person.properties.email`.
struct Field {
  std::vector<std::string> chain;
};
// Arithmetic, comparisons, like, in, regular expressions.
struct Binary {
  Opcode operation;
  const Expression* left;
  const Expression* right;
};
// `and` or `or` of all of them.
struct Logical {
  Opcode operation;
  ExpressionList items;
};
struct Not {
  const Expression* operand;
};
struct Negate {
  const Expression* operand;
};
// `||`
struct Concatenation {
  ExpressionList items;
};
struct Between {
  const Expression* operand;
  const Expression* low;
  const Expression* high;
  bool negated;
};
struct IsNull {
  const Expression* operand;
  bool negated;
};
// c ? a : b
struct Conditional {
  const Expression* condition;
  const Expression* then;
  const Expression* otherwise;
};
// a ?? b
struct Coalesce {
  const Expression* left;
  const Expression* right;
};
struct CaseArm {
  const Expression* when;
  const Expression* then;
};
struct Case {
  const Expression* subject;  // nullptr: each `when` is a condition
  std::vector<CaseArm> arms;
  const Expression* otherwise;  // nullptr: null
};
enum class AccessStyle : uint8_t { name, index, bracket };
// object.name, object.1, object[key]; with ?. when nullish.
struct Access {
  const Expression* object;
  const Expression* key;
  AccessStyle style;
  bool nullish;
};
// name(arguments): a variable that holds a function, or a function of the library.
struct Call {
  Identifier name;
  ExpressionList arguments;
};
// expression(arguments)
struct CallValue {
  const Expression* callee;
  ExpressionList arguments;
};
struct ArrayLiteral {
  ExpressionList items;
};
struct TupleLiteral {
  ExpressionList items;
};
struct DictItem {
  const Expression* key;
  const Expression* value;
};
struct DictLiteral {
  std::vector<DictItem> items;
};
struct Lambda {
  std::vector<Identifier> parameters;
  const Expression* expression;  // nullptr: the body is the block
  Block block;
};
// f'text {hole}', or a full template. Texts are constants.
struct Template {
  ExpressionList pieces;
  bool full;
};
struct TagAttribute {
  std::string name;
  const Expression* value;
};
struct Tag {
  std::string name;
  std::vector<TagAttribute> attributes;
  ExpressionList children;
};

struct Expression {
  std::variant<Constant, Field, Binary, Logical, Not, Negate, Concatenation, Between, IsNull,
               Conditional, Coalesce, Case, Access, Call, CallValue, ArrayLiteral, TupleLiteral,
               DictLiteral, Lambda, Template, Tag>
      form;
  Span span;
  // Of the tree below: what walks it needs as much stack.
  uint32_t height = 1;
};

// Statements. ----------------------------------------------------------------------------------

struct Let {
  Identifier name;
  const Expression* value;  // nullptr: null
};
struct Assign {
  const Expression* target;
  const Expression* value;
};
struct ExpressionStatement {
  const Expression* expression;
};
struct Return {
  const Expression* value;  // nullptr: null
};
struct Throw {
  const Expression* value;
};
struct If {
  const Expression* condition;
  const Statement* then;
  const Statement* otherwise;  // nullptr: nothing
};
struct While {
  const Expression* condition;
  const Statement* body;
};
struct For {
  const Statement* start;  // each may be nullptr
  const Expression* condition;
  const Statement* step;
  const Statement* body;
};
struct ForIn {
  Identifier key;  // its text is empty when only values are asked for
  Identifier value;
  const Expression* container;
  const Statement* body;
};
struct Function {
  Identifier name;
  std::vector<Identifier> parameters;
  Block body;
};
struct Catch {
  Identifier name;  // empty: `e`
  Identifier type;  // empty: every error
  Block body;
};
struct Try {
  Block body;
  std::vector<Catch> catches;
};

struct Statement {
  std::variant<Let, Assign, ExpressionStatement, Return, Throw, If, While, For, ForIn, Function,
               Try, Block>
      form;
  Span span;
  uint32_t height = 1;
};

// Owns the nodes. Freeing it needs no recursion, however the nodes hang together.
class SyntaxTree {
 public:
  Block program;                           // of a program
  const Expression* expression = nullptr;  // of every other form

  const Expression* add(Expression node) { return &expressions_.emplace_back(std::move(node)); }
  const Statement* add(Statement node) { return &statements_.emplace_back(std::move(node)); }

 private:
  std::deque<Expression> expressions_;
  std::deque<Statement> statements_;
};

}  // namespace mr::hog
