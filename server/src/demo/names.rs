//! Names for made-up people, gathered so that a list of them looks like a district, and is as awkward as one.

use app::model::fold;
use std::sync::LazyLock;

/// First names of every kind of family; some with accents, marks, two parts.
pub static FIRST: LazyLock<Vec<&str>> = LazyLock::new(|| {
    "Aaliyah, Aaron, Abena, Adaeze, Aiko, Aisha, Alejandro, Alice, Amara, Amir, Ana, Ananya, Andre, Angela, Anh, Anna Lee, Anthony, \
     Antônia, Arjun, Asher, Astrid, Ava, Ayşe, Beatriz, Benjamin, Bianca, Björn, Brandon, Brianna, Caleb, Camila, Carlos, Caroline, \
     Chloe, Christopher, Cristóbal, D’Andre, Daniel, David, Deepika, Destiny, Diego, Donatello, Ebony, Elena, Elijah, Elizabeth, \
     Emeka, Emma, Esra, Ethan, Eun-ji, Evelyn, Fatima, Felix, François, Gabriel, Grace, Hana, Hannah, Harper, Hassan, Henry, Hiroshi, \
     Hugo, Ibrahim, Imani, Ines, Isaac, Isabella, Ivan, Jackson, Jacob, Jamal, Jasmine, Javier, Jean-Luc, Jessica, Jin, João, Jordan, \
     José, Joshua, Juan Carlos, Julia, Kai, Kaleo, Katarzyna, Kayla, Keanu, Keiko, Kenji, Khalil, Kiara, Kofi, Lakshmi, Latoya, Layla, \
     Leah, Leilani, Liam, Lina, Lucía, Luis, Madison, Mai, Malia, Malik, Marcus, María José, Mary Ann, Mateo, Maya, Mei, Michael, \
     Mohammed, Naomi, Natasha, Nathan, Nathaniel, Ngozi, Nia, Nina, Noah, Noʻeau, Olivia, Omar, Oscar, Paola, Pedro, Priya, Rafael, \
     Raúl, Rebecca, Renée, Ryan, Sakura, Samuel, Sanjay, Sebastián, Siobhán, Sofia, Søren, Tamika, Thanh, Thomas, Tyler, Valentina, \
     Victoria, William, Xiomara, Yusuf, Zoë, Zuri"
        .split(", ")
        .collect()
});

/// Last names; among them one that databases mistake for nothing, apostrophes of both kinds, two parts, and one letter.
pub static LAST: LazyLock<Vec<&str>> = LazyLock::new(|| {
    "Abara, Abbott, Abdi, Achebe, Adams, Aguilar, Ahmed, Akana, Ali, Allen, Alvarez, Andersen, Anderson, Armstrong, Avila, Baker, \
     Banerjee, Barnes, Bauer, Becker, Bell, Bennett, Bianchi, Blackwood, Bouchard, Boyd, Brooks, Brown, Bui, Burke, Butler, Campbell, \
     Carter, Castillo, Chang, Chavez, Chen, Choi, Clark, Cohen, Cole, Coleman, Collins, Cooper, Cortés, Cox, Cruz, Dang, Davis, \
     De la Cruz, De Leon, Delgado, Desai, Diallo, Diaz, Dinh, Dubois, Duong, Dvořák, Edwards, Ellis, Eriksson, Espinoza, Evans, \
     Fernández, Fischer, Fitzgerald, Fleming, Flores, Foster, Friedman, Fujimoto, Gallagher, Garcia, García, Ghosh, Gibson, Gomez, \
     González, Gordon, Graham, Gray, Greene, Gupta, Gutiérrez, Hall, Hamilton, Hansen, Harris, Hayes, Henderson, Hernandez, Hill, Ho, \
     Hoffman, Hong, Howard, Hughes, Hussein, Ibarra, Islam, Ito, Jackson, James, Jensen, Jiménez, Johnson, Jones, Joseph, Kaʻahumanu, \
     Kahale, Kamakawiwoʻole, Kang, Kaplan, Kaur, Kealoha, Keller, Kelly, Khan, Kim, King, Kowalski, Kumar, Lam, Larsen, Le, Lee, Levy, \
     Lewis, Li, Lin, Long, Lopez, Løvgren, Mac Donald, Mahoney, Martin, Martínez, Mbeki, McCarthy, Mehta, Mendoza, Meyer, Miller, \
     Mitchell, Molina, Moore, Morales, Moreau, Müller, Murphy, Muñoz, Nakamura, Nelson, Ngo, Nguyen, Nguyễn, Novak, Ntuli, Null, \
     Nuñez, O, O’Brien, O’Neill, Oconnor, Okafor, Okonkwo, Olsen, Ortiz, Osei, Owens, Pacheco, Park, Patel, Pereira, Perez, Petrov, \
     Pham, Phillips, Quinn, Raj, Ramírez, Reyes, Rivera, Robinson, Rossi, Saint-Pierre, Salazar, Sánchez, Santos, Schäfer, Schmidt, \
     Shah, Silva, Singh, Smith, St. John, Suzuki, Tanaka, Taylor, Thompson, Torres, Tran, Van der Berg, Vang, Vargas, Washington, \
     Williams, Xiong, Yamamoto, Young, Zhang"
        .split(", ")
        .collect()
});

/// What keyboards without accents make of a name: lower-case ASCII letters and digits, everything else left out.
pub fn plain(name: &str) -> String {
    // `ø` is a letter of its own to Unicode.
    fold::search_fold(name).replace('ø', "o").chars().filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leaves_something_to_type() {
        for name in FIRST.iter().chain(LAST.iter()) {
            assert!(!plain(name).is_empty() && plain(name).is_ascii(), "{name}");
        }
        assert_eq!((FIRST.len(), LAST.len()), (154, 212));
        assert_eq!(plain("Nguyễn"), "nguyen");
        assert_eq!(plain("Løvgren"), "lovgren");
        assert_eq!(plain("O’Neill"), "oneill");
        assert_eq!(plain("Kaʻahumanu"), "kaahumanu");
        assert_eq!(plain("Dvořák"), "dvorak");
        assert_eq!(plain("Ayşe"), "ayse");
    }
}
