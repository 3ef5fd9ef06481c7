// SPDX-License-Identifier: GPL-2.0-or-later

// Package model has no code of its own: its tests do random operations on
// volumes and compare every result and every state with the model of
// internal/testmodel.
package model
