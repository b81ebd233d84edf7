#include "http/parser.h"

#include <gtest/gtest.h>

#include "http/chunk_decoder.h"
#include "http/limits.h"

namespace mr::http {
namespace {

using Progress = RequestParser::Progress;

// Parses `text` at once; 0 when complete, else the status of the refusal, -1 when more is wanted.
int status_of(std::string_view text) {
  RequestParser parser;
  const Progress progress = parser.parse_head(text);
  if (progress == Progress::failed) return parser.failure().status;
  return progress == Progress::complete ? 0 : -1;
}

TEST(RequestParser, ReadsAHeadInOnePiece) {
  const std::string text =
      "POST /e/?compression=gzip-js&_=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
      "X-Forwarded-For:  1.2.3.4 \r\n\r\nhello";
  RequestParser parser;
  ASSERT_EQ(parser.parse_head(text), Progress::complete);
  const RequestHead& head = parser.head();
  EXPECT_EQ(head.method, Method::post);
  EXPECT_EQ(head.path, "/e/");
  EXPECT_EQ(head.query, "compression=gzip-js&_=1");
  EXPECT_EQ(head.header("x-forwarded-for"), "1.2.3.4");
  EXPECT_EQ(head.header("missing"), std::nullopt);
  EXPECT_EQ(head.content_length, 5u);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(text.substr(parser.head_bytes()), "hello");
}

TEST(RequestParser, ReadsAHeadThatComesByteByByteInABufferThatMoves) {
  const std::string text = "GET /x?y=z#f HTTP/1.0\r\nHost: b\r\nExpect: 100-continue\r\n\r\n";
  RequestParser parser;
  std::string buffer;
  std::string last;
  for (size_t i = 0; i < text.size(); ++i) {
    buffer += text[i];
    last = buffer + std::string(i % 7, ' ');  // elsewhere in memory each time
    last.resize(buffer.size());
    const Progress progress = parser.parse_head(last);
    ASSERT_EQ(progress, i + 1 == text.size() ? Progress::complete : Progress::needs_more) << i;
  }
  EXPECT_EQ(parser.head().path, "/x");
  EXPECT_EQ(parser.head().query, "y=z");
  EXPECT_EQ(parser.head().minor_version, 0);
  EXPECT_FALSE(parser.head().keep_alive);
  EXPECT_FALSE(parser.head().expects_continue);  // HTTP/1.0 has no interim answers
}

TEST(RequestParser, IsReadyForTheNextRequestAfterReset) {
  RequestParser parser;
  ASSERT_EQ(parser.parse_head("GET /a HTTP/1.1\r\nHost: a\r\n\r\n"), Progress::complete);
  parser.reset();
  const std::string second = "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  ASSERT_EQ(parser.parse_head(second), Progress::complete);
  EXPECT_EQ(parser.head().path, "*");
  EXPECT_EQ(parser.head().headers.size(), 2u);
  EXPECT_FALSE(parser.head().keep_alive);
}

TEST(RequestParser, TakesThePathOutOfAnAbsoluteTarget) {
  RequestParser parser;
  const std::string text = "GET http://host:80/e?a=b HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_EQ(parser.parse_head(text), Progress::complete);
  EXPECT_EQ(parser.head().path, "/e");
  EXPECT_EQ(parser.head().query, "a=b");
}

TEST(RequestParser, RefusesWhatCouldSmuggleARequest) {
  const std::string start = "POST / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(status_of(start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), 400);
  EXPECT_EQ(status_of(start + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"), 400);
  EXPECT_EQ(status_of(start + "Content-Length: 5, 5\r\n\r\n"), 400);
  EXPECT_EQ(status_of(start + "Content-Length: +5\r\n\r\n"), 400);
  EXPECT_EQ(status_of(start + "Content-Length: 99999999999999999999\r\n\r\n"), 400);
  EXPECT_EQ(status_of(start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(status_of(start + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"), 400);
  EXPECT_NE(status_of(start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
            0);
  EXPECT_EQ(status_of(start + "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501);
  EXPECT_NE(status_of(start + "Transfer-Encoding: xchunked\r\n\r\n"), 0);
  EXPECT_EQ(status_of(start + "Content-Length : 5\r\n\r\n"), 400);
  EXPECT_EQ(status_of(start + "A b: c\r\n\r\n"), 400);
  EXPECT_EQ(status_of(start + "A: b\r\n c\r\n\r\n"), 400);
  EXPECT_EQ(status_of(start + "A: b\r\n\rX"), 400);
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
}

TEST(RequestParser, RefusesWhatIsNotHttp) {
  EXPECT_EQ(status_of("hello\r\n\r\n"), 400);
  EXPECT_EQ(status_of("\x16\x03\x01\x02"), 400);  // the start of TLS
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n"), 417);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a"), -1);
}

TEST(RequestParser, RefusesWhatIsTooLarge) {
  EXPECT_EQ(status_of("GET /" + std::string(target_bytes_max, 'a')), 414);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nB: " + std::string(head_bytes_max, 'a')), 431);
  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (size_t i = 0; i < headers_max; ++i) many += "A: b\r\n";
  EXPECT_EQ(status_of(many + "\r\n"), 431);
}

TEST(ChunkDecoder, DecodesPiecesOfAnySize) {
  const std::string stream = "4;name=\"v\"\r\nMill\r\n00a\r\nrace rocks\r\n0\r\nT: x\r\n\r\nGET";
  for (size_t step = 1; step <= stream.size(); ++step) {
    ChunkDecoder decoder;
    std::string payload;
    size_t consumed = 0;
    ChunkDecoder::Step result;
    for (size_t i = 0; i < stream.size(); i += step) {
      std::string piece = stream.substr(i, step);
      result = decoder.decode({reinterpret_cast<uint8_t*>(piece.data()), piece.size()});
      payload += piece.substr(0, result.payload);
      consumed += result.consumed;
      if (result.progress != ChunkDecoder::Progress::needs_more) break;
    }
    EXPECT_EQ(result.progress, ChunkDecoder::Progress::complete) << step;
    EXPECT_EQ(payload, "Millrace rocks") << step;
    EXPECT_EQ(stream.substr(consumed), "GET") << step;
  }
}

TEST(ChunkDecoder, IsStrict) {
  for (std::string text :
       {"x\r\n", "\r\n", "3\nabc\r\n", "3\r\nabcXX0\r\n\r\n", "3\r\nabc\r\n0\r\n\rX",
        "fffffffffffffffff\r\n", "-1\r\n", "3 \x01\r\n", "0\r\n\x01: b\r\n\r\n"}) {
    ChunkDecoder decoder;
    const auto step = decoder.decode({reinterpret_cast<uint8_t*>(text.data()), text.size()});
    EXPECT_EQ(step.progress, ChunkDecoder::Progress::failed) << text;
  }
  ChunkDecoder decoder;
  std::string endless = "1;" + std::string(chunk_overhead_bytes_max, 'a');
  EXPECT_EQ(decoder.decode({reinterpret_cast<uint8_t*>(endless.data()), endless.size()}).progress,
            ChunkDecoder::Progress::failed);
}

TEST(ResponseParser, ReadsSizedChunkedAndEndDelimitedBodies) {
  const auto parse = [](std::string_view text, bool end) {
    ResponseParser parser;
    for (const char& c : text) EXPECT_TRUE(parser.feed(as_bytes(std::string_view(&c, 1)))) << text;
    if (end) {
      EXPECT_TRUE(parser.end());
    }
    EXPECT_TRUE(parser.complete()) << text;
    return std::to_string(parser.status()) + " " + parser.take_body();
  };
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", false), "200 hi");
  EXPECT_EQ(parse("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\nA: b\r\n\r\n", false), "204 ");
  EXPECT_EQ(
      parse("HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", false),
      "503 hi");
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\n\r\nto the end", true), "200 to the end");
}

TEST(ResponseParser, TellsWhenAnAnswerIsCutOffOrNoHttp) {
  ResponseParser cut;
  EXPECT_TRUE(cut.feed(as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi")));
  EXPECT_FALSE(cut.end());
  ResponseParser other;
  EXPECT_FALSE(other.feed(as_bytes("SSH-2.0-OpenSSH\r\n")));
}

}  // namespace
}  // namespace mr::http
