"""Half a trained network, for those whose own cannot read yet.

Only the hidden layer is trained; the output layer is fresh and reads nothing. So it serves to
look at hidden units, and it is no answer to the task of training a network.
"""

from __future__ import annotations

import base64

import keras
import numpy as np

ENOUGH = 0.88  # the share of practice digits from which on your own network is used


def unless_it_reads(model, images, labels):
    """Returns `model` if it reads 88 % of these digits, else the stand-in."""
    try:
        right = np.mean(model.predict(images, verbose=0).argmax(axis=1) == labels)
    except Exception:  # no model yet, or one that takes something else than digits
        right = 0.0
    return model if right >= ENOUGH else _stand_in()


def _stand_in():
    hidden = keras.layers.Dense(32, activation="relu")
    network = keras.Sequential([keras.layers.Input((64,)), hidden, keras.layers.Dense(10)])
    numbers = np.frombuffer(base64.b85decode(_WEIGHTS), np.int8).reshape(65, 32) / 60
    hidden.set_weights([numbers[:64], numbers[64]])
    return network


# 64 rows of weights and one of biases, in sixtieths, as base 85 text
_WEIGHTS = (
    "?*0u15&-xS0{$NbC;jg6_WKAEAT0mxBJknv`0WP^>oEHJ%ntnh_z4sG{M#c3``hvT4d@LA;OyAx{W19v=`sEJ=JyK(^$G|"
    "4|K}D14D9{=^!En{@!JFI_8a^3_73;~`~vwD`1}_8{`eUJ2?X;30qp(!_x1q+^$!LM_8S2K5C{n;1pp5m1_}fI3HS6G{q+"
    "j_1o-~~0|*)i?*Rb)3jp!%3JnYW5a<~n`w<Ha6XYHS_WSl12n7uP>?ZvB==BKJ2n+@W5bX{I`|t1DBmNx=`u_U!`ZWI!+x"
    "-3P?;H2x^&0B~Ht81(@FocnIQ-=W3LNPD2@MY#4jTRp8XE>O3<v_>?D+{2CcX9>D<%Bt9NgO({}K}c>o5BS@*esn`S}a<?"
    "*kYO{=N4T0tx{I`SI-k@Dd~L?>h4j^bqhJ^&15J@$xbS4dnm@_~;Q8|Lf%T2Nx+3@+t8J0|xjK@*4aP1OOfm2><-~`STX|"
    "0tN>J_81Kr=`9BN;Qa_1`T_g+74;x5_XYhTBmMyS^8D%a@gEWa3<dxY@fQFJ`wsx(@Yx<F5dsDoG3pW#?eYxz1Ro9l@geg"
    "9>I)0t@ec_2@%s}AAO#BzB+woF@$LBm0URXg{w4(k;}i1N`xXT32>L4j4BrCmAm9w`1McSP{6_Z^1@;L7CldY+4)F5qCH4"
    "Xg=MMo56D#Tr4(j>|@7CxF4FmEA0{jUa^aum-+Y9m*@bLTp=MWnU5%wAY{PzCf`Skb^8|eN62QCE)<PsI>>h=lc&j}wZ0S"
    "h7;1p)mTE!PMNBi{kz`2QF34fXm4^Cb7)?kgNE_7O1(`v=Jq6$b(X0uKWJ3FrgMC+XuH2@VGyEH?x3BjNDx0SNQ`KJok=G"
    "BO1=_#fQS<of#p4BPh<|26F4P3r9r{{i_WEdmJz9zp{f3>W6e1r6pR4&?zl4i?zjI{M=v^W7B+4K4Hx_c{j%^)l@0`sfP-"
    "AKdQ-`~dyzAN=$U1}+p2CGYYW4)^aD`~md}_Y3p#_ww}Y>oW26Bncn*@B`rg6ZZS{1>E@P1^Naf_W2A9_$>GF`u__S2M{g"
    "f2mtW+Ci3?a2<h?G_bliQ><$3q>>>Eg)(9017aA)81QgsAE&dD*4ixn1_Yw)?=>p#IB`FHu>=7ar`RE!F1TydX4-xzo_9F"
    "1w`U?;C2o>e>FZBoY6A&H`>gewV03`YC4iWej5dZfB1sC7-{uUef_22XG3?uR%9tR8-02K5g7z^_H@figM@g&0&0~rnV=="
    "urs^CR0BMm-bj`UKZ5B;fP&{R9i`4inZS3>We9+yM*N@*w0YC?^@|^!nZz2mA^S1{w$93l{nGAO`E`0u1v83nu>(2LB8b_"
    "5}P5|I_^f;^+qX{_yHB8v6<W;~Vhy3k2p16ciEI0SDR!`Rf4#1^Wx{`5o>Q4-o&{`W*uH{`T|-6%ZE#1Q_=Y3l9P93o`=k"
    "`V<281OV;hECK@u?*jS`|KI;00RSEb{SW%^0v-h31rHDa6dURE7zyzt6chXV^y%>f_3jqp1OD|K=n(_v4Gr-k4+jJb7$5Z"
    "dAqxEX5HbVk_6qh7{~7!q(f9c81}on*2K^}U0tWx{5%$yk8Z`~R1t9$n`T+O%^zZrW^cM9g>KhmB03Gr80`3Cy5E~!h?*0"
    "(_2O;_P?Gy<Z^ZN4{00R^T66ygO_weNH78~yC{|OZb5#jOq>kSJ91_<9K_b&hi^z`!;^ApblB_|T*1I`Kc@YDPFFZ&1_`U"
    "(UpAO0N&<`x4p+1~8^5+n*W_t+>9@8$Et2LS>01^fK~HW&#I#vlt6>mJ=O7YPju1jrZ%9r*Id@EZT!_YwmF6$0Y@>@ENc5"
    "+3&*4k--{|KttkDHHt;_apW1_!<H(-4*@pAsO=t4BPAo2OJ*={r@Zb0Vno1{Q>wE^${2};UN*^G#mdI0MGT)6AuIZ2^TB&"
    "`V9R9?g0Sw_TW1&4EFv3Av^IO9=r7Z^bG{~?*t>|<P!A=4)*>k{^=g~AMhs>`RMi%4-63u^6>5n0uK@lA`b!R^92d`1PK8"
    "A?j!0S`uqb0-yr%M4Hh2-_T>fG1o;E_6!h^Q1ppQT{_F=4_yP4B-tqto2<!MH{O1G_;P>+52<G+?`QQ&1G4db^;Sm4?0VM"
    "DV5Ca44|ML1E4FUS^4czl7^~^T<0`dPX^8NG@3?3sA_8A%A@BHWK2j~qPE$9F(0MSzp0QwFW2^9V+80{7I;sXRB0qGp{_v"
    "iH^JMs)92HqqHC@26M9}WgK0Ua3M<l*5L3gZg>_23Nn6!HT9_{%ZuJ^1Mx>l+3%LLU?s*7p4p{ps-E4;1+W7773$2n_P~0"
    "sj*j^V|3f;TaMw1`z=d{tf{4_ZI~W@An7>^XMG!`s)cE2@L%R8UP>y@dWM50VM6{@FWKN-wy!|1N#j74DK5Y`{eHc8tfkb"
    "{Q2wf{3sIr_!|T8`33zF{}~bU|M3tN2J-~|1?vg<^7Hcq@-h((0uK!Z4g>TV@%<YC>kj+`3i<8^_xKU?_XYm^_X`&E_y7M"
    "I5c2RB3F06i_YM&I0R;023=bRt>I4G__xJ|;@9FmzD(n3R{?--(A`bli^9=DC1vMN1-3R#m2JQL_`2-F03h)Ri`rRG}BkB"
    "(j_x1rB2MPuK+b`w-2jdaq1PuQJ{|fyD00svN3jhlV0tWpG1q%QP2@47O`wj#F"
)
