// Which Asio the headers of baton/asio are for: standalone Asio, or Boost.Asio where BATON_ASIO_BOOST is
// defined before the first of them is included. One source sticks to one; a program may have sources of both,
// since each has an inline namespace of its own.
#pragma once

#include <utility>

#ifdef BATON_ASIO_BOOST

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/version.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

// For the other headers.
#define BATON_ASIO_FLAVOUR with_boost
#define BATON_ASIO_VERSION BOOST_ASIO_VERSION

namespace baton::asio {
inline namespace BATON_ASIO_FLAVOUR {
// This Asio's own.
namespace net = ::boost::asio;
using error_code = ::boost::system::error_code;
using error_category = ::boost::system::error_category;
using system_error = ::boost::system::system_error;
}  // namespace BATON_ASIO_FLAVOUR
}  // namespace baton::asio

#else

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/bind_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/compose.hpp>
#include <asio/error.hpp>
#include <asio/error_code.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/system_error.hpp>
#include <asio/version.hpp>

// For the other headers.
#define BATON_ASIO_FLAVOUR standalone
#define BATON_ASIO_VERSION ASIO_VERSION

namespace baton::asio {
inline namespace BATON_ASIO_FLAVOUR {
// This Asio's own.
namespace net = ::asio;
using error_code = ::asio::error_code;
using error_category = ::asio::error_category;
using system_error = ::asio::system_error;
}  // namespace BATON_ASIO_FLAVOUR
}  // namespace baton::asio

#endif

// 1 where one operation alone can be cancelled: from Asio 1.20 and Boost 1.77 on.
#if BATON_ASIO_VERSION >= 102000
#define BATON_ASIO_CANCELS_OPERATIONS 1
#else
#define BATON_ASIO_CANCELS_OPERATIONS 0
#endif
