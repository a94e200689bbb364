// What of Asio the programs do not have: TLS on OpenSSL, the peer of the tests.
#include <asio/ssl/impl/src.hpp>
