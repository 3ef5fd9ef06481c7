// SPDX-License-Identifier: GPL-2.0-or-later

package values

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// sizeUnits are the suffixes of sizes in output; each stands for 1024 times
// the one before.
var sizeUnits = [...]string{"B", "KB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"}

// scale divides count*unit until it is below 1024. Single precision is
// upstream's, and part of the format: it decides how the second decimal is
// rounded.
func scale(count, unit uint64) (value float32, suffix string) {
	value = float32(count) * float32(unit)
	i := 0
	for value >= 1024 && i < len(sizeUnits)-1 {
		value /= 1024
		i++
	}
	return value, sizeUnits[i]
}

// BaseSize returns a number of bytes as "128.00MB".
func BaseSize(bytes uint64) string {
	value, suffix := scale(bytes, 1)
	return fmt.Sprintf("%.2f%s", float64(value), suffix)
}

// CountSize returns a count of blocks of unit bytes with their size, as
// "2048 (128.00 MB)".
func CountSize(count, unit uint64) string {
	value, suffix := scale(count, unit)
	return fmt.Sprintf("%d (%.2f %s)", count, float64(value), suffix)
}

// ParseSize reads a number of bytes: a number as ParseUint64 reads it, but not
// below 0, then perhaps one of K, M, G, T, P for powers of 1024, which may be
// followed by B or iB.
func ParseSize(text string) (uint64, error) {
	number, negative, suffix, ok := scanInteger(text)
	if !ok || negative && number != 0 {
		return 0, fmt.Errorf("size too big: '%s'", text)
	}
	if suffix == "" {
		return number, nil
	}
	if suffix == text {
		return 0, fmt.Errorf("invalid 64bit value: '%s'", text)
	}
	shift := 10 * (1 + strings.IndexByte("KMGTP", suffix[0]))
	if shift == 0 || !slices.Contains([]string{"", "B", "iB"}, suffix[1:]) {
		return 0, fmt.Errorf("unknown suffix: '%s'", suffix)
	}
	if number > math.MaxUint64>>shift {
		return 0, fmt.Errorf("size too big: '%s'", text)
	}
	return number << shift, nil
}

// Size is an option that ParseSize reads.
func Size(target *uint64) *SizeValue { return (*SizeValue)(target) }

// SizeValue is a pflag.Value.
type SizeValue uint64

// Set implements pflag.Value.
func (v *SizeValue) Set(text string) error {
	n, err := ParseSize(text)
	if err != nil {
		return err
	}
	*v = SizeValue(n)
	return nil
}

// String implements pflag.Value.
func (v *SizeValue) String() string { return strconv.FormatUint(uint64(*v), 10) }

// Type implements pflag.Value.
func (*SizeValue) Type() string { return "size" }
