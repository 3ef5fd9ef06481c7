// SPDX-License-Identifier: GPL-2.0-or-later

package values

import (
	"fmt"
	"math"
	"strings"
)

// DeviceSizes is an option with the sizes of a volume's two devices: META,DATA,
// or one SIZE for both. Neither is 0 or more than a file can have.
func DeviceSizes(meta, data *uint64) *DeviceSizesValue { return &DeviceSizesValue{meta, data} }

// DeviceSizesValue is a pflag.Value.
type DeviceSizesValue struct{ meta, data *uint64 }

// Set implements pflag.Value.
func (v *DeviceSizesValue) Set(text string) error {
	metaText, dataText, two := strings.Cut(text, ",")
	if !two {
		dataText = metaText
	}
	var sizes [2]uint64
	for i, part := range []string{metaText, dataText} {
		size, err := ParseSize(part)
		if err != nil {
			return err
		}
		if size == 0 || size > math.MaxInt64 {
			return fmt.Errorf("invalid size of a file: '%s'", part)
		}
		sizes[i] = size
	}
	*v.meta, *v.data = sizes[0], sizes[1]
	return nil
}

// String implements pflag.Value. Without sizes it is empty.
func (v *DeviceSizesValue) String() string {
	if v.meta == nil || *v.meta == 0 {
		return ""
	}
	return fmt.Sprintf("%d,%d", *v.meta, *v.data)
}

// Type implements pflag.Value.
func (*DeviceSizesValue) Type() string { return "sizes" }
