#include "main/server_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>

#include "codec/json_object.h"
#include "codec/json_text.h"
#include "main/data_directory.h"

namespace mr::main {

namespace {

struct FreeHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeHeaders {
  void operator()(curl_slist* headers) const { curl_slist_free_all(headers); }
};

// Where libcurl's callback puts the body: refusals are always kept whole.
struct Receiver {
  CURL* handle;
  Answer answer;
  AnswerSink* sink;
};

size_t receive(char* bytes, size_t size, size_t count, void* into) {
  auto& receiver = *static_cast<Receiver*>(into);
  long status = 0;
  curl_easy_getinfo(receiver.handle, CURLINFO_RESPONSE_CODE, &status);
  const std::string_view piece(bytes, size * count);
  if (receiver.sink != nullptr && status == 200) {
    receiver.sink->piece(piece);
  } else {
    receiver.answer.body += piece;
  }
  return size * count;
}

bool is_absent(CURLcode code) {
  return code == CURLE_COULDNT_CONNECT;
}

// Whether a process listens on a socket; `address` as DataDirectory says it.
bool listens(const std::string& address) {
  const std::unique_ptr<CURL, FreeHandle> handle(curl_easy_init());
  const std::string path = address.substr(address.find(':') + 1);
  curl_easy_setopt(handle.get(), CURLOPT_UNIX_SOCKET_PATH, path.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_URL, "http://millrace/");
  curl_easy_setopt(handle.get(), CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_NOPROXY, "*");
  return curl_easy_perform(handle.get()) == CURLE_OK;
}

// What the supervisor says of a process; nothing when the server runs without it.
std::optional<json::Object> supervised(const DataDirectory& directory, std::string_view name) {
  std::ifstream file(directory.processes_file());
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto items = json::split_array(text);
  if (!items) return std::nullopt;
  for (const std::string_view item : *items) {
    auto process = json::Object::parse(item);
    if (process && process->find_text("name") == name) return std::move(*process);
  }
  return std::nullopt;
}

// Why nobody answers on the control socket, which the pipeline serves.
Error nobody_answers(const DataDirectory& directory) {
  const std::string where = "the data directory " + directory.path();
  if (std::ranges::none_of(std::array{"accept", "pipeline", "store"}, [&](const char* name) {
        return listens(directory.process_socket(name));
      })) {
    return {ErrorCode::not_found, "no Millrace runs at " + where +
                                      ": start it with `millrace serve`, or name the right one "
                                      "with --data DIR or --url URL"};
  }
  const std::string server = "a Millrace runs at " + where;
  const auto pipeline = supervised(directory, "pipeline");
  if (!pipeline) {
    return {ErrorCode::not_found,
            server + ", but without the pipeline (--roles), which answers commands"};
  }
  const bool down = pipeline->find_text("state") == "down";
  return {ErrorCode::busy, server + ", but its pipeline, which answers commands, " +
                               (down ? "is down" : "is only starting") + " (restarts so far: " +
                               std::string(pipeline->find("restarts").value_or("0")) +
                               "): try again soon, or see the server's log"};
}

}  // namespace

Result<Answer> ServerClient::get(const std::string& path) const {
  return perform(path, {});
}
Result<Answer> ServerClient::post(const std::string& path, const std::string& json_body) const {
  return perform(path, {.method = "POST", .json_body = &json_body});
}
Result<Answer> ServerClient::remove(const std::string& path) const {
  return perform(path, {.method = "DELETE"});
}
Result<Answer> ServerClient::stream(const std::string& path, AnswerSink& sink) const {
  return perform(path, {.sink = &sink});
}

Result<Answer> ServerClient::perform(const std::string& path, Question question) const {
  const std::unique_ptr<CURL, FreeHandle> handle(curl_easy_init());
  if (!handle) return fail(ErrorCode::failed, "libcurl cannot be started");
  CURL* curl = handle.get();
  Receiver receiver{curl, {}, question.sink};
  const DataDirectory directory(address_.data);
  const std::string socket = directory.path() + "/control.sock";
  curl_slist* list = curl_slist_append(nullptr, "Content-Type: application/json");
  if (address_.url.empty()) {
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket.c_str());
    curl_easy_setopt(curl, CURLOPT_URL, ("http://millrace" + path).c_str());
  } else {
    std::string url = address_.url;
    while (url.ends_with('/')) url.pop_back();
    curl_easy_setopt(curl, CURLOPT_URL, (url + path).c_str());
    if (!address_.admin_token.empty()) {
      list = curl_slist_append(list, ("Authorization: Bearer " + address_.admin_token).c_str());
    }
  }
  const std::unique_ptr<curl_slist, FreeHeaders> headers(list);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &receiver);
  if (question.json_body != nullptr) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(question.json_body->size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, question.json_body->data());
  }
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, question.method);
  const CURLcode code = curl_easy_perform(curl);
  const std::string where =
      address_.url.empty() ? "the data directory " + directory.path() : address_.url;
  if (is_absent(code) && address_.url.empty()) return std::unexpected(nobody_answers(directory));
  if (is_absent(code)) {
    return fail(ErrorCode::not_found, "no Millrace runs at " + where +
                                          ": start it with `millrace serve`, or name the right one "
                                          "with --data DIR or --url URL");
  }
  if (code != CURLE_OK) {
    return fail(ErrorCode::io_failed,
                "talking to the server at " + where + ": " + curl_easy_strerror(code));
  }
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &receiver.answer.status);
  return std::move(receiver.answer);
}

}  // namespace mr::main
