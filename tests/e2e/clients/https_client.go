// One HTTPS request with net/http; see programs.py for arguments and output.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
)

var versions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func roots(file string) *x509.CertPool {
	pem, err := os.ReadFile(file)
	check(err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return pool
}

func suites(name string) []uint16 {
	for _, suite := range tls.CipherSuites() {
		if suite.Name == name {
			return []uint16{suite.ID}
		}
	}
	return nil
}

func main() {
	method, name, address, port, ca := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	version, cipher, path, size := os.Args[6], os.Args[7], os.Args[8], os.Args[9]

	config := &tls.Config{RootCAs: roots(ca), CipherSuites: suites(cipher)}
	if version != "-" {
		config.MinVersion, config.MaxVersion = versions[version], versions[version]
	}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(address, port))
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, DialContext: dial}}

	request, err := http.NewRequest(method, "https://"+net.JoinHostPort(name, port)+path, nil)
	check(err)
	if size != "-" {
		request.Body = io.NopCloser(os.Stdin)
		request.ContentLength, err = strconv.ParseInt(size, 10, 64)
		check(err)
	}
	response, err := client.Do(request)
	check(err)
	fmt.Fprintf(os.Stderr, "tls=TLSv1.%d\n", response.TLS.Version-tls.VersionTLS10)
	fmt.Fprintf(os.Stderr, "cipher=%s\n", tls.CipherSuiteName(response.TLS.CipherSuite))
	fmt.Fprintf(os.Stderr, "status=%d\n", response.StatusCode)
	_, err = io.Copy(os.Stdout, response.Body)
	check(err)
}
