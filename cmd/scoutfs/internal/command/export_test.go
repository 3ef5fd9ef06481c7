// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"scoutfs/engine/ioctl"
	"scoutfs/stage"
)

// What tests look at without running the program.
func ParseQuotaRule(text string) (ioctl.QuotaRule, error) { return parseQuotaRule(text) }
func QuotaText(r ioctl.QuotaRule) string                  { return quotaText(r) }
func ReadArchiveRecord(text []byte) (f stage.File, ok bool, err error) {
	return readArchiveRecord(text)
}
func ParseXattrValue(text string) ([]byte, error) { return parseXattrValue(text) }
