// SPDX-License-Identifier: GPL-2.0-or-later

package stage

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// Checksum is a sum by the name of its algorithm, one of [Algorithms].
type Checksum struct {
	Algorithm string
	Sum       string // the bytes
}

// Algorithms returns the algorithms of checksums. They are those that archives
// keep, not those to choose against attackers.
func Algorithms() []string { return []string{"md5", "sha1", "sha256", "sha512"} }

// newHash returns nil for an algorithm that is not known.
func newHash(algorithm string) hash.Hash {
	switch algorithm {
	case "md5":
		return md5.New()
	case "sha1":
		return sha1.New()
	case "sha256":
		return sha256.New()
	case "sha512":
		return sha512.New()
	}
	return nil
}

// ParseChecksum reads ALGORITHM:HEX, as String writes it.
func ParseChecksum(text string) (Checksum, error) {
	name, digits, found := strings.Cut(text, ":")
	h := newHash(name)
	if !found || h == nil {
		return Checksum{}, fmt.Errorf("invalid checksum, want ALGORITHM:HEX with one of %s: '%s'", strings.Join(Algorithms(), ", "), text)
	}
	sum, err := hex.DecodeString(digits)
	if err != nil || len(sum) != h.Size() {
		return Checksum{}, fmt.Errorf("invalid checksum, %s has %d hexadecimal digits: '%s'", name, 2*h.Size(), text)
	}
	return Checksum{name, string(sum)}, nil
}

// String returns ALGORITHM:HEX.
func (c Checksum) String() string { return c.Algorithm + ":" + hex.EncodeToString([]byte(c.Sum)) }
