// What client and backend say to each other on each connection.
#pragma once

#include <string_view>

namespace baton::bench {

inline constexpr std::string_view kRequest =
    "GET /small HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n";
inline constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 64\r\n\r\n"
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n";

}  // namespace baton::bench
