#pragma once

namespace mr::http {
class BodySource;
class Buffer;
class Handler;
class MemoryBudget;
class RequestParser;
class Response;
class ResponseParser;
class ResponseStream;
class Router;
class Server;
struct Request;
struct RequestHead;
struct ServerLimits;
}  // namespace mr::http
