// The Go peer of the long-stream tests: crypto/tls on the socket that is file descriptor 3. The environment says
// what it is (see main). Commands come on standard input, one a line: "write N", "close". When the other end has
// closed, it says on standard output how many bytes it has received. Any fault ends it.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
)

// stream is the ByteStream of byte_stream.h.
type stream struct {
	seed, position, word uint64
}

func (s *stream) fill(data []byte) {
	for i := range data {
		if s.position%8 == 0 {
			word := s.seed + (s.position/8+1)*0x9E3779B97F4A7C15
			word = (word ^ word>>30) * 0xBF58476D1CE4E5B9
			word = (word ^ word>>27) * 0x94D049BB133111EB
			s.word = word ^ word>>31
		}
		data[i] = byte(s.word >> (8 * (s.position % 8)))
		s.position++
	}
}

func must(err error, what string) {
	if err != nil {
		fail(what + ": " + err.Error())
	}
}

func fail(what string) {
	fmt.Fprintln(os.Stderr, "Go peer:", what)
	os.Exit(1)
}

func number(name string, bits int) uint64 {
	value, err := strconv.ParseUint(os.Getenv(name), 10, bits)
	must(err, name)
	return value
}

func configure() *tls.Config {
	version := uint16(number("PEER_VERSION", 16))
	config := &tls.Config{
		MinVersion:                  version,
		MaxVersion:                  version,
		CipherSuites:                []uint16{uint16(number("PEER_SUITE", 16))}, // TLS 1.2 only
		DynamicRecordSizingDisabled: true,                                       // one Write is one record
		ServerName:                  os.Getenv("PEER_SERVER_NAME"),
		RootCAs:                     x509.NewCertPool(),
	}
	config.RootCAs.AppendCertsFromPEM([]byte(os.Getenv("PEER_CA")))
	if os.Getenv("PEER_ROLE") == "server" {
		certificate, err := tls.X509KeyPair([]byte(os.Getenv("PEER_CHAIN")), []byte(os.Getenv("PEER_KEY")))
		must(err, "certificate")
		config.Certificates = []tls.Certificate{certificate}
	}
	return config
}

func connect(config *tls.Config) *tls.Conn {
	wire, err := net.FileConn(os.NewFile(3, "wire"))
	must(err, "wire")
	connection := tls.Client(wire, config)
	if os.Getenv("PEER_ROLE") == "server" {
		connection = tls.Server(wire, config)
	}
	must(connection.Handshake(), "handshake")
	return connection
}

// check reads to the end, and every byte must be the next one of the stream.
func check(connection *tls.Conn) {
	receives := stream{seed: number("PEER_RECEIVING_SEED", 64)}
	received := make([]byte, 64*1024)
	expected := make([]byte, len(received))
	for {
		count, err := connection.Read(received)
		from := receives.position
		receives.fill(expected[:count])
		if string(received[:count]) != string(expected[:count]) {
			fail(fmt.Sprintf("a byte was lost, repeated or changed among the %d from number %d", count, from))
		}
		if err == io.EOF {
			fmt.Println(receives.position)
			return
		}
		must(err, "read")
	}
}

func main() {
	connection := connect(configure())
	go check(connection)
	sends := stream{seed: number("PEER_SENDING_SEED", 64)}
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		words := strings.Fields(commands.Text())
		if words[0] == "close" {
			must(connection.CloseWrite(), "close")
			continue
		}
		size, err := strconv.Atoi(words[1])
		must(err, "command")
		data := make([]byte, size)
		sends.fill(data)
		_, err = connection.Write(data)
		must(err, "write")
	}
}
