// SPDX-License-Identifier: GPL-2.0-or-later

// Package crash has no code of its own: its tests stop volumes that are being
// written at every point, and look at what is left.
package crash
